package wire

// route hands a RESET, STOP or CREDIT to its stream. Control and data are not ordered, so what is old is ignored; what is ahead of what was sent can
// only be an error, and ends the leg.
func (l *Leg) route(t Type, g signal) error {
	if g.stream <= controlID || g.stream%2 != 0 {
		return protocolError(CodeBadSeq, "%s for stream %d", t, g.stream)
	}
	l.mu.Lock()
	s := l.streams[g.stream]
	ahead := g.stream > l.highest
	full := len(l.early) >= maxEarly
	opening := g.stream == l.pending
	if s == nil && t == Reset && (opening || ahead && !l.relay && !full) {
		l.early[g.stream] = g
	}
	l.mu.Unlock()
	switch {
	case s != nil:
		return s.signal(t, g)
	case ahead && t == Reset && !l.relay && full:
		return protocolError(CodeBadSeq, "RESET for too many streams that were not opened")
	case ahead && (t != Reset || l.relay):
		return protocolError(CodeBadSeq, "%s for stream %d, which was not opened", t, g.stream)
	}
	return nil // closed already, or kept until the stream is accepted
}

func (s *Stream) signal(t Type, g signal) error {
	switch t {
	case Reset:
		return s.onReset(g)
	case Stop:
		return s.onStop(g)
	}
	return s.onCredit(g)
}

// onReset: the relay's RESET ends the stream whatever its seq. The agent's says what it has begun; above the last REQ sent it is an error,
// but for 1, which stands in the refusal of an OPEN.
func (s *Stream) onReset(g signal) error {
	s.mu.Lock()
	if s.leg.relay && g.seq > max(s.seq.Load(), 1) {
		s.mu.Unlock()
		return protocolError(CodeBadSeq, "RESET for exchange %d of stream %d", g.seq, g.stream)
	}
	h := s.handler
	if h == nil {
		s.reset = &g
	}
	s.mu.Unlock()
	if s.leg.relay && h != nil { // first: whoever is refused by the stream asks the handler why
		h.OnReset(g.seq, g.code)
	}
	if !s.leg.relay || g.code != CodeNone {
		s.out.end(sendReset)
	}
	if !s.leg.relay {
		s.Close()
		if h != nil {
			h.OnReset(g.seq, g.code)
		}
	}
	return nil
}

func (s *Stream) onStop(g signal) error {
	s.mu.Lock()
	seq, h := s.seq.Load(), s.handler
	if g.seq == seq {
		s.out.end(sendStopped)
	}
	s.mu.Unlock()
	if g.seq > seq {
		return protocolError(CodeBadSeq, "STOP for exchange %d of stream %d", g.seq, g.stream)
	}
	if g.seq == seq && h != nil {
		h.OnStop(g.seq)
	}
	return nil
}

func (s *Stream) onCredit(g signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seq := s.seq.Load()
	switch {
	case g.seq > seq:
		return protocolError(CodeBadSeq, "CREDIT for exchange %d of stream %d", g.seq, g.stream)
	case g.seq == seq && !s.out.grant(g.limit):
		return protocolError(CodeBadSeq, "CREDIT lowers its limit to %d", g.limit)
	}
	return nil
}
