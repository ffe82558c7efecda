package meter

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func seeded(seed uint64) *reservoir {
	return &reservoir{random: rand.New(rand.NewPCG(seed, 2)).ExpFloat64}
}

// share is the part of the sample that is v.
func share(r *reservoir, v time.Duration) float64 {
	n := 0
	for _, s := range r.heap {
		if s.value == v {
			n++
		}
	}
	return float64(n) / float64(len(r.heap))
}

func TestReservoirStaysAHeapOfTheHighest(t *testing.T) {
	r := seeded(1)
	var keys []float64
	draw := r.random
	var last float64
	r.random = func() float64 { last = draw(); return last }
	for i := range 5000 {
		age := time.Duration(i) * 10 * time.Millisecond
		r.add(age, time.Duration(i))
		keys = append(keys, reservoirAlpha*age.Seconds()+last)
		for j := 1; j < len(r.heap) && i%97 == 0; j++ {
			if r.heap[(j-1)/2].key > r.heap[j].key {
				t.Fatalf("no heap after %d values", i+1)
			}
		}
	}
	higher := 0
	for _, k := range keys {
		if k > r.heap[0].key {
			higher++
		}
	}
	if len(r.heap) != reservoirSize || higher != reservoirSize-1 {
		t.Errorf("%d kept, %d above the lowest kept", len(r.heap), higher)
	}
}

// Of two equally long times, the weight of the younger is e^(α·gap) times that of the older: with ten times as many values as fit, shares
// follow the weights as long as neither time runs out of values.
func TestReservoirDecaysForward(t *testing.T) {
	for _, gap := range []time.Duration{0, 30 * time.Second, time.Minute, 2 * time.Minute} {
		r := seeded(uint64(gap))
		const old, young = time.Second, 2 * time.Second
		for range 20 * reservoirSize {
			r.add(time.Hour, old)
		}
		for range 20 * reservoirSize {
			r.add(time.Hour+gap, young)
		}
		w := math.Exp(reservoirAlpha * gap.Seconds())
		near(t, "share of the young after "+gap.String(), share(r, young), w/(1+w), 0.05)
	}
}

// Implementations that rescale do it wrong around the moment of the rescale. Here every moment is like every other, for years.
func TestReservoirHasNoSpecialMoment(t *testing.T) {
	const old, young = time.Second, 2 * time.Second
	for _, begin := range []time.Duration{0, time.Hour - 30*time.Second, 100 * time.Hour, 10 * 365 * 24 * time.Hour} {
		r := seeded(7)
		for range 20 * reservoirSize {
			r.add(begin, old)
		}
		for range 20 * reservoirSize {
			r.add(begin+time.Minute, young)
		}
		w := math.Exp(reservoirAlpha * 60)
		near(t, "share of the young from "+begin.String(), share(r, young), w/(1+w), 0.05)
	}
}

// After hours of silence the old values are worth nothing against as many new ones, but alone they stay what they are.
func TestReservoirAfterSilence(t *testing.T) {
	r := seeded(3)
	for range reservoirSize {
		r.add(0, time.Second)
	}
	r.add(5*time.Hour, 2*time.Second)
	near(t, "share after one new value", share(r, time.Second), 1-1.0/reservoirSize, 1e-9)
	for range reservoirSize - 1 {
		r.add(5*time.Hour, 2*time.Second)
	}
	if s := share(r, 2*time.Second); s != 1 {
		t.Errorf("share of the new values is %v", s)
	}
}
