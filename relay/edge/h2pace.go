package edge

import "sync"

// maxHeard is how much a visitor of HTTP/2 may send while a write waits for him.
const maxHeard = 16 << 10

// pace keeps a visitor who takes nothing from asking for more: each request waits with its fields for its answer's turn on the link, also those that net/http answers
// itself (400, 431), which nobody else hears of.
type pace struct {
	mu      sync.Mutex
	moved   sync.Cond // a write has ended
	writing bool
	writes  int
	sent    int // by the visitor, during the write
}

// begin says that something is being written. Writes come one after the other.
func (p *pace) begin() {
	p.mu.Lock()
	p.writing, p.sent = true, 0
	p.mu.Unlock()
}

func (p *pace) end() {
	p.mu.Lock()
	p.writing = false
	p.writes++
	p.mu.Unlock()
	p.moved.Broadcast()
}

// heard says that n bytes have come. It returns when they may be passed on.
func (p *pace) heard(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent += n
	for now := p.writes; p.writing && p.writes == now && p.sent > maxHeard; {
		p.moved.Wait()
	}
}
