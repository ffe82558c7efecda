package agent

import (
	"errors"
	"net"
	"os"
	"sync"
	"testing/synctest"
	"time"
)

// memoryLink is a connection in memory that can be cut without a word. What is written meanwhile comes when it is mended, if it ever is.
type memoryLink struct {
	agent, relay *linkEnd

	mu   sync.Mutex
	flow chan struct{} // closed while the link is whole
}

// linkEnd is one end of it.
type linkEnd struct {
	*half
	link   *memoryLink
	closed chan struct{}
	once   sync.Once
}

func newMemoryLink(agent, relay net.Addr) *memoryLink {
	k := &memoryLink{flow: make(chan struct{})}
	close(k.flow)
	a, r := newPipe(agent, relay)
	k.agent = &linkEnd{half: a, link: k, closed: make(chan struct{})}
	k.relay = &linkEnd{half: r, link: k, closed: make(chan struct{})}
	return k
}

func (k *memoryLink) cut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.flow = make(chan struct{})
}

func (k *memoryLink) mend() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.flow)
}

func (k *memoryLink) whole() chan struct{} {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.flow
}

// Read holds back what comes, the end too, while the link is cut.
func (e *linkEnd) Read(b []byte) (int, error) {
	n, err := e.half.Read(b)
	select {
	case <-e.link.whole():
		return n, err
	case <-e.closed:
		return 0, net.ErrClosed
	}
}

// Write does not hear of the other end's close while the link is cut.
func (e *linkEnd) Write(b []byte) (int, error) {
	n, err := e.half.Write(b)
	select {
	case <-e.link.whole():
	case <-e.closed:
	default:
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return len(b), nil
		}
	}
	return n, err
}

func (e *linkEnd) Close() error {
	e.once.Do(func() { close(e.closed) })
	return e.half.Close()
}

// memoryListener is where links come in.
type memoryListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newMemoryListener() *memoryListener {
	return &memoryListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

func (l *memoryListener) Addr() net.Addr { return relayAddr }

var relayAddr = &net.TCPAddr{IP: net.IPv4(203, 0, 113, 1), Port: 4443}

// wait lets the bubble's time pass, and then whatever is to happen at that moment happen.
func wait(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
