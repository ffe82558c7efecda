package e2e

import (
	"regexp"
	"strings"
	"testing"
)

func TestDemoEndsByItself(t *testing.T) {
	p := start(t, nil, "demo", "--count", "12", "--rate", "20")
	if c := p.code(); c != 0 {
		t.Fatalf("exit code %d", c)
	}
	agree(t, p, "12")
	for _, want := range []string{"path=/webhooks/github", "status=500", "path=/events", "path=/live", "status=404"} {
		if !strings.Contains(p.stdout.text(), want) {
			t.Errorf("no line with %s", want)
		}
	}
	if n := len(regexp.MustCompile(`(?m)^.*\bid=`).FindAllString(p.stdout.text(), -1)); n != 12 {
		t.Errorf("%d lines for 12 exchanges", n)
	}
}

func TestDemoForAWhile(t *testing.T) {
	if c := start(t, nil, "demo", "--for", "2s", "--rate", "5").code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
}

// As fast as it goes, the counters agree to the last one.
func TestDemoFlood(t *testing.T) {
	p := start(t, nil, "demo", "--rate", "0", "--count", "10000")
	p.waitFor(p.stderr, `^demo: `)
	if c := p.code(); c != 0 {
		t.Fatalf("exit code %d", c)
	}
	agree(t, p, "10000")
}

// With the dashboard it stays responsive: a key is answered while the flood runs, and the last figure is right.
func TestDemoFloodOnTheDashboard(t *testing.T) {
	x := newTerminal(t, 110, 34)
	x.say("adit demo --rate 0 --count 10000; echo code=$?")
	x.see(`Session Status\s+online`)
	x.press("?")
	x.press("Escape")
	x.see(`demo: sent=10000 answered=10000 received=10000 recorded=10000`)
	x.see(`code=0`)
}

// The demo's webhooks are signed, and that is seen.
func TestDemoSignatures(t *testing.T) {
	t.Parallel()
	x := newTerminal(t, 110, 44)
	x.say("adit demo --rate 5")
	x.see(`POST\s+/webhooks/github\s+200`)
	x.press("g", "Enter")
	x.see(`from\s+github · push\s+signature\s+valid`)
	x.press("C-c")
	x.see(`demo: sent=`)
}

func agree(t *testing.T, p *process, n string) {
	t.Helper()
	want := "demo: sent=" + n + " answered=" + n + " received=" + n + " recorded=" + n
	if !strings.Contains(p.stderr.text(), want) {
		t.Errorf("stderr has no %q", want)
	}
}
