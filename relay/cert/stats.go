package cert

import "time"

// Stats is what there is from one source of certificates.
type Stats struct {
	Source       string // "file", "acme" or "internal"
	Certificates int    // in memory
	// Ends is when the first of them ends, the zero time when there is none. Those of the internal CA are made when they are needed: there it is the CA's own.
	Ends     time.Time
	Failures uint64 // tries to read, have or renew one that came to nothing
}

// Stats is of each source in use.
func (s *Source) Stats() (all []Stats) {
	if f := s.files.stats(); f.Certificates > 0 {
		all = append(all, f)
	}
	if s.acme != nil {
		return append(all, s.acme.stats())
	}
	return append(all, s.ca.stats())
}

// add takes a certificate in.
func (s *Stats) add(ends time.Time) {
	s.Certificates++
	if s.Ends.IsZero() || ends.Before(s.Ends) {
		s.Ends = ends
	}
}

func (f *files) stats() Stats {
	s := Stats{Source: "file", Failures: f.failures.Load()}
	for _, c := range f.index.Load().all {
		s.add(c.Leaf.NotAfter)
	}
	return s
}

func (m *managed) stats() Stats {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Stats{Source: "acme", Failures: m.failures}
	for _, h := range m.held {
		if h.cert != nil {
			s.add(h.cert.Leaf.NotAfter)
		}
	}
	return s
}

func (c *internal) stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return Stats{Source: "internal", Certificates: len(c.leaves), Ends: c.ca.Cert.NotAfter, Failures: c.failures}
}
