package edge

// Change takes over what may change while the server runs: Trust, Share, and the limits Head, Idle, Body and Reader. Connections that are open keep the
// trust that they came with, and are held to the new limits; but Idle of HTTP/2 connections, and how long nothing at all may be written to one, stay as they were
// with New.
func (s *Server) Change(o Options) {
	s.trust.Store(&o.Trust)
	s.visitors.setShare(o.Share)
	l := newLimits(o)
	s.newLim.Store(&l)
}
