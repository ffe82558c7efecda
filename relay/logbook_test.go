package relay_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/relay"
	"github.com/adit-tunnel/adit/relay/relaytest"
	"github.com/adit-tunnel/adit/wire/wiretest"
)

// logbook is a relay's log.
type logbook struct{ wiretest.Log }

// lines are those that have all of these words.
func (l *logbook) lines(words ...string) (got []string) {
next:
	for line := range strings.Lines(l.String()) {
		for _, w := range words {
			if !strings.Contains(line, w) {
				continue next
			}
		}
		got = append(got, line)
	}
	return got
}

// newLoggedStage is newStage with the relay's log.
func newLoggedStage(t *testing.T) (*stage, *logbook) {
	l := &logbook{}
	s := &stage{t: t, r: relaytest.Start(t, func(o *relay.Options) { o.Log = slog.New(slog.NewTextHandler(l, nil)) })}
	s.a = s.agent("puppet")
	s.host = s.a.Bind(1, "web")
	return s, l
}

// await waits for a line with these words, of which there must be one only. The second word is whose it is.
func (l *logbook) await(t *testing.T, words ...string) {
	t.Helper()
	for late := time.Now().Add(patience); len(l.lines(words...)) == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("no line with %q, but\n%s", words, strings.Join(l.lines(words[1]), ""))
		}
	}
	if got := l.lines(words...); len(got) > 1 {
		t.Errorf("it is said %d times", len(got))
	}
}
