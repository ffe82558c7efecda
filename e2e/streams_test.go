//go:build linux

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// More requests at once than a link carries: the agent makes further links, and when these carry all they may, a request waits for five seconds and is told to come
// again. Nobody else notices, and when the crowd has gone everybody is served.
func TestManyStreams(t *testing.T) {
	n, links, beyond := 1_100, 2, 0
	if full() {
		n, links, beyond = 6_400, 3, 6_400-3*2_048
	}
	beside(t)
	free := make(chan struct{})
	s := newScarce(t)
	if full() {
		s.program = lean(t)
	}
	s.startRelay("", "--state-dir", s.dir+"/relay", "--access-log", "false")
	s.startAgent("", service(t, holding(free)))
	if status, code := s.get("/"); status != 200 {
		t.Fatalf("before: %d %s", status, code)
	}
	wait := s.many(n, "/slow")
	eventually(t, fmt.Sprintf("%d links", links), func() bool { return times(s.relay.stderr, "leg online") == links-1 })
	if beyond > 0 {
		eventually(t, fmt.Sprintf("%d are refused", beyond), func() bool {
			_, text := get(t, "http://"+s.admin+"/metrics")
			return strings.Contains(text, fmt.Sprintf("adit_edge_errors_total{code=\"TOO_MANY_STREAMS\"} %d\n", beyond))
		})
	} else if status, code := s.get("/"); status != 200 {
		t.Errorf("beside the crowd: %d %s", status, code)
	}
	s.healthy()
	close(free)
	const refused = "503 ADIT-3009 TOO_MANY_STREAMS 1"
	if all := wait(); all["200"] != n-beyond || all[refused] != beyond {
		t.Errorf("answers: %v", all)
	}
	for range 20 {
		if status, code := s.get("/"); status != 200 {
			t.Fatalf("afterwards: %d %s", status, code)
		}
	}
	if n := times(s.relay.stderr, "agent online"); n != 1 {
		t.Errorf("the agent came %d times", n)
	}
}
