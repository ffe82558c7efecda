package capture

import (
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

const (
	// sameMoment is how far apart in time pieces of a stream must be to be told apart, unless the other side has spoken in between.
	sameMoment = time.Millisecond
	// mostTimes is how many moments of a side are remembered. When there are more, every second one of those is forgotten: the older they are, the coarser.
	mostTimes = 4096
	// timeSize is what one takes of the budget.
	timeSize = 16
)

// times says when content of a stream passed. As with bodies, what was published is never written again.
type times struct{ all []inspect.Passed }

// note remembers that content passes now, behind offset bytes of it.
func (s *times) note(t *tap, offset int64) {
	after, n := time.Now().Sub(t.began), len(s.all)
	turn := t.spoke != s
	t.spoke = s
	if n > 0 && !turn && after-s.all[n-1].After < sameMoment || !s.grow(t) {
		return
	}
	s.all = append(s.all, inspect.Passed{Offset: offset, After: after})
}

// grow makes room for one more.
func (s *times) grow(t *tap) bool {
	n := len(s.all)
	switch {
	case n < cap(s.all):
		return true
	case n == mostTimes:
		thin := make([]inspect.Passed, 0, mostTimes)
		for i := 0; i < n; i += 2 {
			thin = append(thin, s.all[i])
		}
		s.all = thin
		return true
	}
	want := min(max(2*n, 16), mostTimes)
	if !t.take((want - n) * timeSize) {
		return false
	}
	s.all = append(make([]inspect.Passed, 0, want), s.all...)
	return true
}

func (s *times) told() []inspect.Passed { return s.all[:len(s.all):len(s.all)] }
