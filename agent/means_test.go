package agent

import (
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// TestNoMemoryForALane: its requests are refused, without having been delivered, until there is some.
func TestNoMemoryForALane(t *testing.T) {
	s := newService(t)
	memory := budget.New(laneCost)
	memory.Take(1)
	r := newRig(t, s.addr, func(r *rig) { r.eng.means.memory = memory })
	for range 2 {
		r.get("/")
		if a := r.answer(); a.fail == nil || a.fail.Code != wire.CodeAgentBusy || !a.fail.Undelivered {
			t.Fatalf("%+v", a)
		}
	}
	s.none()
	memory.Give(1)
	r.get("/")
	p := s.accept()
	p.want("GET / HTTP/1.1\nHost: a.example\n\n")
	p.say(ok)
	if a := r.answer(); string(a.body) != "ok" || memory.Held() != laneCost {
		t.Errorf("%+v, %d bytes held", a, memory.Held())
	}
	r.end()
	r.over()
	if memory.Held() != 0 {
		t.Errorf("%d bytes are held by nobody", memory.Held())
	}
}

// TestNoFileForALocalConnection: a request waits for one, and is refused when none comes free: that is the agent's trouble, not the local service's.
func TestNoFileForALocalConnection(t *testing.T) {
	s := newService(t)
	files := budget.New(1)
	files.Take(1)
	r := newRig(t, s.addr, func(r *rig) { r.eng.means.files, r.eng.means.wait = files, 50*time.Millisecond })
	r.get("/")
	a := r.answer()
	if a.resp.Flags&wire.RespMade == 0 || !strings.HasPrefix(a.head, "HTTP/1.1 503 ") || !strings.Contains(a.head, "Retry-After: 1\r\n") || !strings.Contains(string(a.body), "ADIT-2013") {
		t.Fatalf("%+v", a)
	}
	r.rec.nth(t, 0, inspect.Failed)
	s.none()
	r.eng.means.wait = patience // no request is under way
	r.get("/")
	files.Give(1)
	p := s.accept()
	p.want("GET / HTTP/1.1\nHost: a.example\n\n")
	p.say(ok)
	if a := r.answer(); string(a.body) != "ok" || files.Held() != 1 {
		t.Errorf("%+v, %d files held", a, files.Held())
	}
	r.end()
	r.over()
	if files.Held() != 0 {
		t.Errorf("%d files are held by nobody", files.Held())
	}
}
