package cli

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestJournal: the last lines are there with their attributes, in their order and each once, and long ones are cut.
func TestJournal(t *testing.T) {
	j := newJournal(slog.LevelInfo)
	log := slog.New(j).With("endpoint", "web")
	log.Debug("not wanted")
	log.Info("endpoint online", "url", "https://example.com")
	first := j.Entries(0)
	if len(first) != 1 || first[0].Text != "endpoint online  endpoint=web url=https://example.com" || first[0].At.IsZero() {
		t.Fatalf("%+v", first)
	}
	for i := range journalSize + 5 {
		log.Warn(fmt.Sprint("line ", i))
	}
	all := j.Entries(first[0].Nth)
	if len(all) != journalSize || !strings.HasPrefix(all[0].Text, "line 5 ") || all[0].Level != slog.LevelWarn {
		t.Errorf("%d lines from %+v on", len(all), all[0])
	}
	for i, e := range all {
		if e.Nth != all[0].Nth+uint64(i) {
			t.Fatalf("number %d behind %d", e.Nth, all[i-1].Nth)
		}
	}
	last := all[len(all)-1].Nth
	if more := j.Entries(last); more != nil {
		t.Errorf("behind the last one: %+v", more)
	}
	log.Error(strings.Repeat("ü", journalLine))
	if more := j.Entries(last); len(more) != 1 || len(more[0].Text) > journalLine+len("…") || !strings.HasSuffix(more[0].Text, "ü…") {
		t.Errorf("a long line: %+v", more)
	}
}
