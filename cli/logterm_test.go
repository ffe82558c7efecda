package cli

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestTermHandler: a record is a line with its attributes in a column, and nothing in it moves a terminal's cursor.
func TestTermHandler(t *testing.T) {
	var out bytes.Buffer
	h := newTermHandler(&out, slog.LevelInfo, false)
	at := time.Date(2026, 1, 2, 11, 5, 7, 0, time.Local)
	for _, x := range []struct {
		level slog.Level
		msg   string
		attrs []any
		want  string
	}{
		{slog.LevelInfo, "session online", []any{"relay", "a:1", "plan", ""}, "11:05:07 INFO  session online                    relay=a:1 plan=\"\"\n"},
		{slog.LevelWarn, "no attributes", nil, "11:05:07 WARN  no attributes\n"},
		{slog.LevelError, "a message that is longer than the column", []any{"n", 1}, "11:05:07 ERROR a message that is longer than the column n=1\n"},
		{slog.LevelError, "\x1b[2J\u202e", []any{"k", "\x1b]52;c;x\a\nforged"}, `11:05:07 ERROR "\x1b[2J\u202e"                   k="\x1b]52;c;x\a\nforged"` + "\n"},
	} {
		out.Reset()
		r := slog.NewRecord(at, x.level, x.msg, 0)
		r.Add(x.attrs...)
		if err := h.Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); got != x.want {
			t.Errorf("got  %q\nwant %q", got, x.want)
		}
	}
	out.Reset()
	log := slog.New(h).With("a", 1).WithGroup("g").With("b", 2)
	log.Debug("too little")
	log.Info("m", "time", "x")
	if got := out.String(); !strings.HasSuffix(got, "a=1 g.b=2 g.time=x\n") || strings.Count(got, "\n") != 1 {
		t.Errorf("got %q", got)
	}
}

// TestLogLevelCrit: nothing that adit logs is as bad as crit.
func TestLogLevelCrit(t *testing.T) {
	handler, err := logHandler("crit", "logfmt")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	log := slog.New(handler(&out, screen{}))
	log.Error("x")
	log.Log(t.Context(), levelCrit, "y")
	if got := out.String(); strings.Contains(got, "msg=x") || !strings.Contains(got, "msg=y") {
		t.Errorf("got %q", got)
	}
}
