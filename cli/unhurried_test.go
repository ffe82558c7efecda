package cli

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// pipe is a pipe that nobody reads until it is opened. It notes each Write.
type pipe struct {
	open chan struct{}

	mu     sync.Mutex
	writes []string
}

func (p *pipe) Write(b []byte) (int, error) {
	<-p.open
	p.mu.Lock()
	defer p.mu.Unlock()
	p.writes = append(p.writes, string(b))
	return len(b), nil
}

// TestUnhurried: who logs does not wait for who reads; what did not fit is said when there is a reader again, and each line is a Write of its own.
func TestUnhurried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{open: make(chan struct{})}
		var said []string
		u := newUnhurried(&lossy{w: p, what: "the log", say: func(s string) { said = append(said, s) }}, func(f func()) { go f() })
		line := strings.Repeat("x", 1023) + "\n"
		_, _ = u.Write([]byte("first\n"))
		synctest.Wait() // it is being written, for as long as nobody reads
		for range 1024 {
			_, _ = u.Write([]byte(line))
		}
		for range 3 {
			_, _ = u.Write([]byte("too much\n"))
		}
		close(p.open)
		synctest.Wait()
		_, _ = u.Write([]byte("one\n"))
		_, _ = u.Write([]byte("two\n"))
		u.close()
		if n := len(p.writes); n != 1+1024+2 || p.writes[0] != "first\n" || p.writes[1] != line || p.writes[n-2] != "one\n" || p.writes[n-1] != "two\n" {
			t.Errorf("%d writes", n)
		}
		if fmt.Sprint(said) != "[the log is written again; 3 lines were lost]" {
			t.Errorf("said %q", said)
		}
	})
}

// TestUnhurriedEnd: the program ends although nobody reads.
func TestUnhurriedEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipe{open: make(chan struct{})}
		u := newUnhurried(&lossy{w: p}, func(f func()) { go f() })
		_, _ = u.Write([]byte("first\n"))
		begin := time.Now()
		u.close()
		if d := time.Since(begin); d != lastLines {
			t.Errorf("it took %v", d)
		}
		_, _ = u.Write([]byte("after the end\n"))
		close(p.open)
		synctest.Wait()
		if len(p.writes) != 1 {
			t.Errorf("%q", p.writes)
		}
	})
}
