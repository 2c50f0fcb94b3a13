package socketio

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"deskcheck/mockdesk/socketio/codec"
)

// request is a poll or a POST of a session while it is being served; its session's lock guards it.
type request struct {
	// wake has room for one token: there may be something to answer.
	wake chan struct{}
	// killed is whether the connection is to be reset in place of an answer.
	killed bool
	// address is how the client knows it.
	address string
}

func newRequest(r *http.Request) *request {
	return &request{wake: make(chan struct{}, 1), address: addressOf(r)}
}

func (r *request) nudge() { nudge(r.wake) }

// openPolling opens a session and answers with its handshake.
func (s *Server) openPolling(w http.ResponseWriter, r *http.Request) {
	session := s.open(r, Polling)
	if session == nil {
		gone(w)
		return
	}
	session.answerPoll(w, []outgoing{control(codec.Open, string(s.opening(session)))})
}

// answerPoll writes what a poll brings.
func (s *Session) answerPoll(w http.ResponseWriter, all []outgoing) {
	frames := make([]codec.Frame, len(all))
	for i, o := range all {
		s.telling(o, Polling)
		frames[i] = o.frame
	}
	w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
	_, _ = w.Write(codec.EncodePayload(frames))
}

// servePoll holds a GET until there is something to send.
func (s *Session) servePoll(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	switch {
	case s.transport != Polling:
		s.mu.Unlock()
		s.server.refuse(w, r, WrongTransport, "A poll came after the upgrade to a WebSocket.")
		return
	case s.poll != nil:
		s.mu.Unlock()
		s.refusePoll(w, TwoPolls, http.StatusBadRequest, "A poll came while another was waiting.")
		return
	}
	poll := newRequest(r)
	s.poll = poll
	s.mu.Unlock()
	s.server.motion.moved()
	defer s.server.motion.moved()
	for {
		all, settled := s.settlePoll(poll)
		switch {
		case settled && all == nil:
			resetRequest(w)
			return
		case settled:
			s.answerPoll(w, all)
			return
		}
		select {
		case <-poll.wake:
		case <-r.Context().Done():
			s.abandonPoll(poll)
			return
		}
	}
}

// answerable says whether a poll has an answer, or an end; s.mu is held.
func (s *Session) answerable(poll *request) bool {
	return poll.killed || s.closing || len(s.out) > 0 || s.transport != Polling || s.ended || s.probe != nil && s.probe.probed
}

// settlePoll says whether a poll is to be answered, and takes with what; nothing means that its connection is to be reset.
func (s *Session) settlePoll(poll *request) (all []outgoing, settled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.answerable(poll) {
		return nil, false
	}
	switch {
	case poll.killed:
	case s.closing && !s.ended:
		s.out = append(s.out, control(codec.Close, ""))
		// The end takes the lock, and is told once the client can know.
		s.server.work.Go(func() { s.end(ByServer, codec.Close, closeNoStatus) })
	case len(s.out) == 0:
		// The client waits for the end of this poll before it goes on.
		s.out = append(s.out, control(codec.Noop, ""))
	}
	s.poll = nil
	if poll.killed {
		return nil, true
	}
	all, s.out = s.out, nil
	return all, true
}

// abandonPoll ends the session if its client has given up the poll; what the session still has to say might be lost otherwise.
func (s *Session) abandonPoll(poll *request) {
	s.mu.Lock()
	current := s.poll == poll
	if current {
		s.poll = nil
	}
	ended := s.ended || s.transport != Polling
	s.mu.Unlock()
	if current && !ended {
		s.lost("The client gave up a poll that was waiting.")
	}
}

// refusePoll ends the session for what a request did, and answers it.
func (s *Session) refusePoll(w http.ResponseWriter, rule Rule, status int, note string) {
	s.fail(rule, status, note)
	http.Error(w, note, status)
}

// servePost takes what a POST brings.
func (s *Session) servePost(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	switch {
	case s.transport != Polling:
		s.mu.Unlock()
		s.server.refuse(w, r, WrongTransport, "A POST came after the upgrade to a WebSocket.")
		return
	case s.post != nil:
		s.mu.Unlock()
		s.refusePoll(w, TwoPosts, http.StatusBadRequest, "A POST came while another was being taken.")
		return
	}
	post := newRequest(r)
	s.post = post
	s.mu.Unlock()
	rule, status, note := s.takePost(w, r)
	switch rule {
	case "":
	case TooLarge:
		s.breached(rule, status, note)
	default:
		s.fail(rule, status, note)
	}
	s.mu.Lock()
	s.post = nil
	killed := post.killed
	s.mu.Unlock()
	switch {
	case killed:
		resetRequest(w)
	case status != http.StatusOK:
		http.Error(w, note, status)
	default:
		// The reference server says so, and some browsers would offer text/plain for download.
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "ok")
	}
}

// takePost takes the packets in a POST. What it gives is the status of the answer, and the rule that the client broke, if it has not been recorded yet.
func (s *Session) takePost(w http.ResponseWriter, r *http.Request) (rule Rule, status int, note string) {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "application/octet-stream" {
		return WrongContent, http.StatusBadRequest, "The body is binary, and version 4 has text alone."
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(s.server.o.MaxPayload)))
	if large := (*http.MaxBytesError)(nil); errors.As(err, &large) {
		return TooLarge, http.StatusRequestEntityTooLarge, "The body is larger than maxPayload."
	}
	if err != nil {
		return LostTransport, http.StatusBadRequest, "The body did not come to its end."
	}
	frames, err := codec.DecodePayload(body)
	if err != nil {
		return MalformedPayload, http.StatusBadRequest, sentence(err)
	}
	for _, f := range frames {
		if !s.take(f, Polling) {
			return "", http.StatusBadRequest, "A packet of the body broke a rule, and the session has ended."
		}
	}
	return "", http.StatusOK, ""
}
