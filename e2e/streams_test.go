//go:build linux

package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
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

// When others have half of all streams, one address has its share of them: what it asks for beyond waits for five seconds and is told to come again, while
// another address is served.
func TestManyStreamsOfOneAddress(t *testing.T) {
	if !full() {
		t.Skip("4,020 requests at once: make test-faults")
	}
	const crowd, links, share, beyond = 3_200, 3, 3 * 256, 52
	free := make(chan struct{})
	s := newScarce(t)
	s.program = lean(t)
	s.startRelay("", "--state-dir", s.dir+"/relay", "--access-log", "false", "--trust-forwarded", "127.0.0.0/8")
	s.startAgent("", service(t, holding(free)))
	elsewhere := func(i int) string { return fmt.Sprintf("198.18.%d.%d", i/250, i%250+1) }
	first := s.manyFrom(1_500, "/slow", elsewhere) // a link carries them, so that nobody waits for the next
	eventually(t, "the second link", func() bool { return times(s.relay.stderr, "leg online") == 1 })
	others := s.manyFrom(crowd-1_500, "/slow", elsewhere)
	eventually(t, "the crowd has its streams", func() bool {
		return times(s.relay.stderr, "leg online") == links-1 && s.figure("adit_streams") >= crowd
	})
	refusals, refused := regexp.MustCompile(`\{code="TOO_MANY_STREAMS"\} \d+`), ""
	t.Cleanup(func() { t.Log("refused:", refused) })
	began := time.Now()
	one := s.manyFrom(share+beyond, "/slow", func(int) string { return "192.0.2.1" })
	asks := func(from string) int {
		c := s.call()
		defer c.Close()
		c.from = from
		if a := c.ask("/"); a != nil {
			return a.StatusCode
		}
		return 0
	}
	eventually(t, "what is beyond its share is refused", func() bool {
		_, text := get(t, "http://"+s.admin+"/metrics")
		refused = refusals.FindString(text)
		return refused == fmt.Sprintf("{code=\"TOO_MANY_STREAMS\"} %d", beyond)
	})
	if waited := time.Since(began); waited < 4*time.Second {
		t.Errorf("refused after %v, without having waited", waited)
	}
	if status := asks("203.0.113.9"); status != 200 {
		t.Errorf("another address: %d", status)
	}
	close(free)
	if all := one(); all["200"] != share || all["503 ADIT-3009 TOO_MANY_STREAMS 1"] != beyond {
		t.Errorf("answers for the one address: %v", all)
	}
	if early, late := first(), others(); early["200"]+late["200"] != crowd {
		t.Errorf("answers for the others: %v, %v", early, late)
	}
	if status := asks("192.0.2.1"); status != 200 {
		t.Errorf("the one address, afterwards: %d", status)
	}
}
