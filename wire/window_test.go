package wire

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
)

// TestFittingMessagesNeedNoCredit: no CREDIT comes for content within half the first limit, nor behind END.
func TestFittingMessagesNeedNoCredit(t *testing.T) {
	var c recvCredit
	c.begin()
	if !c.receive(FirstLimit/2-1, false) {
		t.Error("refused")
	}
	if c.take(FirstLimit/2 - 1) {
		t.Error("a grant is due")
	}
	if !c.receive(FirstLimit/2, true) {
		t.Error("refused")
	}
	if c.take(FirstLimit / 2) {
		t.Error("a grant is due behind END")
	}
}

func TestGrant(t *testing.T) {
	var c recvCredit
	c.begin()
	c.receive(FirstLimit, false)
	if !c.take(FirstLimit / 2) {
		t.Error("no grant is due at half a window")
	}
	c.win.size = 100_000
	if limit, ok := c.grant(); !ok || limit != FirstLimit/2+100_000 {
		t.Error(limit, ok)
	}
	if limit, ok := c.grant(); ok {
		t.Error("granted again", limit)
	}
	c.win.size = FirstLimit
	if limit, ok := c.grant(); ok {
		t.Error("a smaller window lowers the limit to", limit)
	}
	if c.take(1000) {
		t.Error("a grant is due too early")
	}
	if c.take(1 << 30); c.taken != c.got {
		t.Error("what never came was taken")
	}
	if c.receive(100_000-FirstLimit/2+1, false) {
		t.Error("more than was granted is accepted")
	}
}

// TestWindow: a window follows the time that half of it takes.
func TestWindow(t *testing.T) {
	const ms, full = time.Millisecond, maxWindow
	for _, tt := range []struct {
		name     string
		rtt      time.Duration
		size     uint64
		since    time.Duration
		want     uint64
		wantNext uint64 // when it goes on so
	}{
		{"soon", 0, FirstLimit, 100 * ms, 2 * FirstLimit, 4 * FirstLimit},
		{"not soon", 0, FirstLimit, 101 * ms, FirstLimit, FirstLimit},
		{"soon over a long way", 80 * ms, FirstLimit, 160 * ms, 2 * FirstLimit, 4 * FirstLimit},
		{"not soon over a long way", 80 * ms, FirstLimit, 161 * ms, FirstLimit, FirstLimit},
		{"full grown", 0, full, 0, full, full},
		{"nearly full grown", 0, full - 1, 0, full, full},
		{"in between", 0, full, time.Second, full, full},
		{"slowed down", 0, full, time.Second + 1, full / 2, full / 4},
		{"slowed down over a long way", 400 * ms, full, 1600*ms + 1, full / 2, full / 4},
		{"not slowed down over a long way", 400 * ms, full, 1600 * ms, full, full},
		{"slowed down at the start", 0, startWindow, time.Hour, startWindow, startWindow},
	} {
		now := time.Now()
		w := window{size: tt.size, at: now, mark: proofTaken}
		taken := uint64(proofTaken)
		for _, want := range []uint64{tt.want, tt.wantNext} {
			now = now.Add(tt.since)
			taken += w.size / 2
			if w.size != w.next(taken-1, now, tt.rtt, true) {
				t.Errorf("%s: it changes before half of it is taken", tt.name)
			}
			if w.size = w.next(taken, now, tt.rtt, true); w.size != want {
				t.Errorf("%s: %d instead of %d", tt.name, w.size, want)
			}
		}
	}
	if w := newWindow(); w.next(FirstLimit/2, time.Now(), 0, false) != startWindow {
		t.Error("the first grant is of more than the first window")
	}
	if w := (window{size: doubtWindow}); w.next(proofTaken, time.Now(), 0, true) != startWindow {
		t.Error("the window stays small when the reader has shown that it takes")
	}
}

// TestWindowOfWhoTakesNothing: what the sockets nearby take in does not make the window of a reader grow that takes nothing, and behind the frame that it leaves
// there is no other. Over a long way the window grows at once.
func TestWindowOfWhoTakesNothing(t *testing.T) {
	const frame, half = MaxData + FrameCost, MaxData/2 + FrameCost // one that is left may be smaller
	for _, tt := range []struct {
		least time.Duration // 0: not known yet
		grown bool
	}{{time.Millisecond, false}, {20 * time.Millisecond, true}, {0, true}} {
		var l Leg
		l.least.Store(int64(tt.least))
		var c recvCredit
		c.begin()
		now := time.Now()
		for c.taken+frame <= 256<<10 {
			if !c.receive(frame, false) {
				t.Fatal("a frame of full size is more than was granted")
			}
			if now = now.Add(time.Millisecond); c.take(frame) {
				c.win.size = c.win.next(c.taken, now, tt.least, l.near())
				c.grant()
			}
		}
		if left := c.limit - c.taken; left < maxCost || left >= half+frame != tt.grown {
			t.Errorf("over %v: %d are left, window %d", tt.least, left, c.win.size)
		}
	}
}

// TestGrantsComeEarly: a large window is on its way all but an eighth, for a reader that keeps up.
func TestGrantsComeEarly(t *testing.T) {
	var c recvCredit
	c.begin()
	c.win.size = maxWindow
	for c.taken < 10*maxWindow {
		c.receive(FrameCost+1000, false)
		if c.take(FrameCost + 1000) {
			c.grant()
		}
		if left := c.limit - c.taken; c.taken > FirstLimit && left < maxWindow/8*7 {
			t.Fatalf("%d are left of %d", left, maxWindow)
		}
	}
}

// TestHoldCoversCredit: whatever the pace, the budget holds all that is granted beyond the first limit, and no more than a window.
func TestHoldCoversCredit(t *testing.T) {
	var now clock
	rng := rand.New(rand.NewPCG(1, 2))
	s := &Stream{leg: &Leg{now: now.now}}
	b := NewBudget(20 << 20)
	s.hold.own = b
	s.in.begin()
	shrunk := 0
	for range 20_000 {
		cost := 1 + rng.IntN(MaxData)
		if left := s.in.limit - s.in.got; uint64(cost) > left || !s.in.receive(cost, false) {
			t.Fatalf("%d are left after all was taken", left)
		}
		if rng.IntN(100) == 0 {
			now.advance(time.Duration(rng.Int64N(int64(2 * windowLate))))
		}
		s.Took(cost)
		granted, held := s.in.limit-s.in.taken, uint64(b.Held())
		if granted > FirstLimit+held || held > maxWindow-FirstLimit || s.in.win.size > FirstLimit+held {
			t.Fatalf("%d are granted in a window of %d, and %d held", granted, s.in.win.size, held)
		}
		if granted > s.in.win.size {
			shrunk++
		}
	}
	if shrunk == 0 {
		t.Error("no window has shrunk: this shows little")
	}
}

// TestFittingExchangeCostsNothing: it allocates nothing, and touches no budget (there is none here).
func TestFittingExchangeCostsNothing(t *testing.T) {
	s := &Stream{leg: &Leg{now: func() time.Time { t.Error("it looks at the clock"); return time.Time{} }}}
	visitor, seq := netip.MustParseAddr("192.0.2.1"), uint32(0)
	f := Frame{Type: Data, Flags: End, Payload: make([]byte, 20_000)}
	n := testing.AllocsPerRun(100, func() {
		seq++
		s.Begin(seq, visitor)
		if err := s.count(f); err != nil {
			t.Error(err)
		}
		s.Took(Cost(f))
	})
	if n != 0 || s.in.held != 0 {
		t.Errorf("%v allocations, %d held", n, s.in.held)
	}
}

// TestBudgetShares: a window grows to a sixteenth of what is free, and a visitor's to an eighth of all.
func TestBudgetShares(t *testing.T) {
	const mib = 1 << 20
	one, two := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	b := NewBudget(64 * mib)
	fill := func(n int, from netip.Addr) (got int) {
		for range n {
			got += int(b.take(from, 0, maxWindow-FirstLimit))
		}
		return got
	}
	if got := fill(100, one); got != 8*mib || b.Held() != got {
		t.Errorf("one address has %d, of %d given out", got, b.Held())
	}
	if got := fill(1, two); got != maxWindow-FirstLimit {
		t.Errorf("another one gets %d", got)
	}
	fill(1000, netip.Addr{})
	if free := 64*mib - b.Held(); free < 16*FirstLimit || free > 17*FirstLimit {
		t.Errorf("%d are left", free)
	}
	if b.take(netip.Addr{}, 0, FirstLimit) != 0 || b.take(two, FirstLimit, 2*FirstLimit) != 0 {
		t.Error("the last of it was given out")
	}
	b.give(one, 8*mib)
	if b.take(one, 0, FirstLimit) != FirstLimit {
		t.Error("what was given back is not there")
	}
	if NewBudget(0).take(one, 0, 1) != 0 || NewBudget(-1).take(one, 0, 1) != 0 {
		t.Error("nothing was given out")
	}
	if (*Budget)(nil).take(one, 1, 5) != 4 {
		t.Error("no budget is a bound")
	}
}

// TestHoldOfTwoBudgets: what one of them refuses is not taken from the other.
func TestHoldOfTwoBudgets(t *testing.T) {
	small, large := NewBudget(4<<20), NewBudget(64<<20)
	for _, h := range []*hold{{own: small, shared: large}, {own: large, shared: small}} {
		if got := h.resize(maxWindow - FirstLimit); got != 4<<20/freeShare-FirstLimit || small.Held() != int(got) || large.Held() != int(got) {
			t.Errorf("holds %d, counted as %d and %d", got, small.Held(), large.Held())
		}
		if got := h.resize(1000); got != 1000 || small.Held() != 1000 || large.Held() != 1000 {
			t.Errorf("holds %d, counted as %d and %d", got, small.Held(), large.Held())
		}
		if h.begin(netip.Addr{}); h.size != 0 || small.Held() != 0 || large.Held() != 0 {
			t.Errorf("the next exchange begins with %d", h.size)
		}
		h.resize(1000)
		h.close()
		if h.resize(1000) != 0 || small.Held() != 0 || large.Held() != 0 {
			t.Error("a closed stream holds something")
		}
	}
}

// TestRestIsBounded: beyond maxResting growth is counted though nothing comes.
func TestRestIsBounded(t *testing.T) {
	b, shared := NewBudget(1<<30), NewBudget(1<<30)
	const each = maxWindow - FirstLimit
	var all []*hold
	for range maxResting/each + 10 {
		h := &hold{own: b, shared: shared}
		h.resize(each)
		h.quiet = time.Now().Add(-restAfter)
		h.rest(time.Now())
		all = append(all, h)
	}
	if b.Held() != 10*each || shared.Held() != 10*each {
		t.Errorf("counted are %d and %d", b.Held(), shared.Held())
	}
	all[0].rest(time.Now())
	all[0].wake()
	all[0].rest(time.Now()) // it has just come
	if b.Held() != 11*each || shared.Held() != 11*each {
		t.Errorf("with one that woke: %d and %d", b.Held(), shared.Held())
	}
	for _, h := range all {
		h.close()
	}
	if b.Held() != 0 || shared.Held() != 0 || b.rests != 0 {
		t.Errorf("left are %d, %d and %d", b.Held(), shared.Held(), b.rests)
	}
}

// TestRestOfManyLegsIsBounded: what rests on all legs that share a budget is no more than that budget.
func TestRestOfManyLegsIsBounded(t *testing.T) {
	shared := NewBudget(64 << 20)
	const each = maxWindow - FirstLimit
	var all []*hold
	for range 40 {
		own := NewBudget(legBudget)
		for range 4 {
			h := &hold{own: own, shared: shared}
			h.resize(each)
			h.quiet = time.Now().Add(-restAfter)
			h.rest(time.Now())
			all = append(all, h)
		}
	}
	var size uint64
	for _, h := range all {
		size += h.size
	}
	if shared.rests > 64<<20 || size > 2*64<<20 || shared.held == 0 || size != shared.rests+shared.held {
		t.Errorf("%d rest, %d are counted, %d are granted", shared.rests, shared.held, size)
	}
	for _, h := range all {
		h.close()
	}
	for _, h := range all {
		if h.own.held != 0 || h.own.rests != 0 {
			t.Fatalf("a leg holds %d, %d rest", h.own.held, h.own.rests)
		}
	}
	if shared.held != 0 || shared.rests != 0 {
		t.Errorf("left are %d, %d rest", shared.held, shared.rests)
	}
}

func TestAccount(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.7":         "192.0.2.7",
		"::ffff:192.0.2.7":  "192.0.2.7",
		"2001:db8:1:2:3::4": "2001:db8:1:2::",
		"fe80::1%eth0":      "fe80::",
		"127.0.0.9":         "invalid IP",
		"::ffff:127.0.0.1":  "invalid IP",
		"::1":               "invalid IP",
		"::":                "invalid IP",
		"0.0.0.0":           "invalid IP",
	} {
		if got := Account(netip.MustParseAddr(in)).String(); got != want {
			t.Errorf("%s counts as %s", in, got)
		}
	}
	if Account(netip.Addr{}).IsValid() {
		t.Error("no address counts as one")
	}
}
