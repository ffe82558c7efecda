package session

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/wire"
)

// TestChatter: what an agent repeats is a line at first, then one a minute that counts, and none is lost.
func TestChatter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(slog.NewTextHandler(&out, nil))
		c := &chatter{}
		for range 3 {
			for range 1000 {
				c.info(log, "said", "what", "x")
			}
			time.Sleep(chatterEvery)
		}
		c.end(log, "said")
		c = &chatter{}
		c.info(log, "said", "what", "y")
		c.end(log, "said")
		var got []string
		for line := range strings.Lines(out.String()) {
			_, line, _ = strings.Cut(strings.TrimSpace(line), "msg=")
			got = append(got, line)
		}
		want := "said what=x|said what=x omitted=999|said what=x omitted=999|said omitted=999|said what=y"
		if strings.Join(got, "|") != want {
			t.Errorf("%s", strings.Join(got, "|"))
		}
	})
}

// TestLongNames: what would be kept as long as an endpoint has bounds; a ticket that is too long is none.
func TestLongNames(t *testing.T) {
	r := newRig(t)
	a := r.agent("good", "i1", ok(""))
	long := strings.Repeat("x", maxName+1)
	for _, b := range []wire.Bind{
		{Handle: 1, Protocol: "http", How: wire.HowStart, Name: long},
		{Handle: 1, Protocol: "http", How: wire.HowStart, Host: long},
	} {
		if f, ok := a.ask(wire.MsgBind, &b).Body.(*wire.Refusal); !ok || f.Code != wire.CodeBadName {
			t.Errorf("%+v", f)
		}
	}
	b := wire.Bind{Handle: 1, Protocol: "http", How: wire.HowResume, Name: "a", Ticket: long, Metadata: long}
	if _, ok := a.ask(wire.MsgBind, &b).Body.(*wire.Bound); !ok {
		t.Error("a ticket that does not count is no error")
	}
	reg, err := r.reg.Pick([]byte("a.acme.test"))
	if err != nil {
		t.Fatal(err)
	}
	if e := ours(reg); e.bind.Ticket != "" || e.bind.Metadata != "" {
		t.Error("they are kept")
	}
}
