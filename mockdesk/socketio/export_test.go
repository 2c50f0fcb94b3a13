package socketio

// Polled says whether a poll of the session is held, which nothing shows from outside.
func Polled(s *Server, id string) bool {
	session, known := s.Session(id)
	if !known {
		return false
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	return session.poll != nil
}

// Posting says whether a POST of the session is being taken.
func Posting(s *Server, id string) bool {
	session, known := s.Session(id)
	if !known {
		return false
	}
	session.mu.Lock()
	defer session.mu.Unlock()
	return session.post != nil
}
