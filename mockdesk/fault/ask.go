package fault

// Question is a frame of the client that asks for an operation, on its way to an answer. Its functions are called without a lock of the plan.
type Question struct {
	// Effect does what a healthy desk does with the frame and returns what sends the answer. It is called once or not at all: by Answer, by Plan.Release, or by the clock.
	Effect func() (answer func())
	// Refuse answers with a status in the protocol's own shape; title may be empty.
	Refuse func(status int, title string)
	// Say sends a text as the answer.
	Say func(text string)
	// Break resets the connection; what is answered after it is lost.
	Break func()
}

// Answer carries a frame through the fault that was decided on, for a Decision about an Ask. It does not wait: what takes its time does not hold up the frames that follow.
func (d Decision) Answer(q Question) {
	switch d.Fault.Kind {
	case Status:
		q.Refuse(d.Fault.Status, d.Fault.Title)
	case Body:
		q.Say(d.Fault.Text)
	case Hold:
		d.park(func() { q.Effect()() })
	case HoldReply:
		d.park(q.Effect())
	case Delay:
		callAt(d.plan.clock, d.at.Add(d.Fault.For), func() { q.Effect()() })
	case Hang:
	case Reset:
		q.Break()
	case ResetAfter:
		answer := q.Effect()
		q.Break()
		answer()
	default:
		q.Effect()()
	}
}
