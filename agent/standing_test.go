package agent

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/adit-tunnel/adit/wire"
)

// TestStandingVisitorsHoldNoBlock: while visitors take nothing, what the local service sends waits in its socket; when they take again, all of it comes.
func TestStandingVisitorsHoldNoBlock(t *testing.T) {
	const lanes, size, most = 50, 300 << 10, 16 << 10 // bytes each
	s := newService(t)
	answer := fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
	var rigs []*rig
	var peers []*peer
	for range lanes {
		r := newRig(t, s.addr, func(r *rig) { r.credit, r.ep.Inspect = wire.FirstLimit, false })
		r.get("/")
		p := s.accept()
		p.head()
		rigs, peers = append(rigs, r), append(peers, p)
	}
	before := heapInUse()
	var says sync.WaitGroup
	for _, p := range peers {
		says.Go(func() {
			if _, err := p.Write(answer); err != nil {
				t.Error(err)
			}
		})
	}
	came := make([]int, lanes)
	for i, r := range rigs {
		r.wait("standing", func() bool { return r.waits == 1 })
		came[i] = r.drain()
	}
	if each := (heapInUse() - before) / lanes; each > most {
		t.Errorf("each holds %d bytes", each)
	}
	for i, r := range rigs {
		r.note(func() { r.credit = 1 << 40 })
		rest := r.answer()
		if n := came[i] + len(rest.body); n != size || rest.aborted != 0 {
			t.Fatalf("%d bytes of %d came", n, size)
		}
	}
	says.Wait()
}

// drain forgets what the agent has sent, and says how much content that was.
func (k *fakeLink) drain() (n int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.out) > 0 {
		f, size := splitFrame(k.out)
		if f.Type == wire.Data {
			n += len(f.Payload)
		}
		k.out = k.out[size:]
	}
	k.out = nil
	return n
}

// heapInUse is what is in use, without what pools keep: they let go of what two collections have not seen used.
func heapInUse() int {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
