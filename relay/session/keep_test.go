package session

import (
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// gatherer reads a request's content to its end and answers with it.
func gatherer(l *lane) bool {
	var got strings.Builder
	for !l.ended {
		f, err := l.Next()
		if err != nil {
			return false
		}
		got.Write(f.Payload)
		l.Took(wire.Cost(f))
		l.ended = f.Flags&wire.End != 0
	}
	return l.Write(l.response(got.String(), wire.End|wire.Taken)) == nil
}

// giveUp lets a stream go whose request it has not begun.
func giveUp(l *lane) bool {
	l.SendReset(0, wire.CodeNone)
	for {
		if _, err := l.Next(); err != nil {
			return false
		}
	}
}

// upload sends pieces one after the other, with what f does between them.
func upload(t *testing.T, x registry.Exchange, pieces []string, f func(i int)) {
	t.Helper()
	for i, p := range pieces {
		f(i)
		var end wire.Flags
		if i == len(pieces)-1 {
			end = wire.End
		}
		if err := x.Send(data(p, end), len(p)+wire.FrameCost, end != 0); err != nil {
			t.Fatalf("piece %d: %v", i, err)
		}
	}
}

// TestContentThatCameLaterIsSentAgain: content that came behind the head, before and after the agent gave the stream up, reaches the next stream once and in
// order, wherever between two pieces the agent says so.
func TestContentThatCameLaterIsSentAgain(t *testing.T) {
	pieces := []string{"a", strings.Repeat("b", 5000), "", "c", strings.Repeat("d", 20000), "e"}
	for at := range pieces {
		r := newRig(t)
		stop := make(chan struct{})
		a := r.agent("good", "i1", func(l *lane) bool {
			if l.n > 1 {
				return gatherer(l)
			}
			<-stop
			return giveUp(l)
		})
		e := a.bind(r, 1, "a")
		q := post("")
		q.Length, q.Body = 0, wire.BodyUntil
		x := begin(t, e, q)
		answer := make(chan string, 1)
		go func() {
			got, _, err := read(x)
			answer <- got + errorText(err)
		}()
		upload(t, x, pieces, func(i int) {
			if i == at {
				close(stop)
			}
		})
		if got, want := <-answer, strings.Join(pieces, ""); got != want {
			t.Fatalf("given up at %d: got %.60q of %d bytes, want %d", at, got, len(got), len(want))
		}
		x.Finish()
		if n := a.streams.Load(); n != 2 {
			t.Fatalf("%d streams", n)
		}
	}
}

// TestMoreThanIsKept: when more was sent than is kept, a request that nobody has touched fails.
func TestMoreThanIsKept(t *testing.T) {
	r := newRig(t)
	stop := make(chan struct{})
	a := r.agent("good", "i1", func(l *lane) bool {
		<-stop
		return giveUp(l)
	})
	e := a.bind(r, 1, "a")
	q := post("")
	q.Length, q.Body = 0, wire.BodyUntil
	x := begin(t, e, q)
	for range 3 {
		if err := x.Send(data(strings.Repeat("y", 22<<10), 0), 22<<10+wire.FrameCost, false); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	if _, _, err := read(x); codeOf(err) != wire.CodeAgentStopping {
		t.Fatal(err)
	}
	if n := e.Upstream.Load(); n != 0 {
		t.Fatalf("load %d", n)
	}
}
