package meter

import (
	"math/rand/v2"
	"time"
)

// The sample is that of go-metrics' exponentially decaying one: 1028 values give percentiles within 5 % at 99.9 % confidence, and an
// α of 0.015 a second makes them mostly those of the last five minutes.
const (
	reservoirSize  = 1028
	reservoirAlpha = 0.015
)

// reservoir is a forward-decaying priority sample (Cormode, Shkapenyuk, Srivastava, Xu: "Forward Decay", ICDE 2009). A value told at t
// has the weight e^(α·(t−L)) for a landmark L, a priority of weight/u with u uniform in (0,1], and those with the highest priorities stay.
//
// The weights of the paper outgrow a float within half a day, so it moves the landmark from time to time and rescales all priorities.
// Here priorities are kept as logarithms, α·(t−L) − ln u, which have the same order and never outgrow anything: L stays where it is
// and there is no moment at which old and new weights could be mixed up.
type reservoir struct {
	heap   []sample       // by key, the smallest at the front
	random func() float64 // −ln u; nil: rand.ExpFloat64, tests give their own
}

type sample struct {
	key   float64 // logarithm of the priority
	value time.Duration
}

// add offers the value d at age; below zero it counts as zero.
func (r *reservoir) add(age, d time.Duration) {
	s := sample{reservoirAlpha * age.Seconds(), max(d, 0)}
	if r.random != nil {
		s.key += r.random()
	} else {
		s.key += rand.ExpFloat64()
	}
	if len(r.heap) < reservoirSize {
		r.heap = append(r.heap, s)
		r.up(len(r.heap) - 1)
		return
	}
	if s.key > r.heap[0].key {
		r.heap[0] = s
		r.down()
	}
}

// values appends the sample to dst, in no order.
func (r *reservoir) values(dst []time.Duration) []time.Duration {
	for _, s := range r.heap {
		dst = append(dst, s.value)
	}
	return dst
}

// up moves the sample at i towards the front until its parent is not larger.
func (r *reservoir) up(i int) {
	h := r.heap
	for i > 0 {
		parent := (i - 1) / 2
		if h[parent].key <= h[i].key {
			return
		}
		h[parent], h[i] = h[i], h[parent]
		i = parent
	}
}

// down moves the sample at the front to its place.
func (r *reservoir) down() {
	h := r.heap
	for i := 0; ; {
		child := 2*i + 1
		if child >= len(h) {
			return
		}
		if right := child + 1; right < len(h) && h[right].key < h[child].key {
			child = right
		}
		if h[i].key <= h[child].key {
			return
		}
		h[i], h[child] = h[child], h[i]
		i = child
	}
}

// percentile is the value at p·(n+1) of sorted values, interpolated between its neighbours; 0 of none.
func percentile(sorted []time.Duration, p float64) time.Duration {
	n := len(sorted)
	if n == 0 {
		return 0
	}
	pos := p * float64(n+1)
	switch {
	case pos < 1:
		return sorted[0]
	case pos >= float64(n):
		return sorted[n-1]
	}
	i := int(pos)
	lower, upper := sorted[i-1], sorted[i]
	return lower + time.Duration((pos-float64(i))*float64(upper-lower))
}
