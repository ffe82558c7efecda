package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// written is what a handler makes of one record.
func written(t *testing.T, level slog.Level, format string, s screen, msg string, attrs ...any) string {
	t.Helper()
	var out bytes.Buffer
	h := newNgrokHandler(&out, slog.LevelDebug, format, s)
	r := slog.NewRecord(time.Date(2026, 6, 3, 11, 5, 28, 1, time.FixedZone("", 2*60*60)), level, msg, 0)
	r.Add(attrs...)
	if err := h.WithAttrs([]slog.Attr{slog.String("obj", "x")}).Handle(context.Background(), r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestNgrokLogfmt(t *testing.T) {
	for _, x := range []struct {
		level slog.Level
		msg   string
		attrs []any
		want  string
	}{
		{slog.LevelInfo, "start", []any{"pg", "/api/tunnels", "dur", 295273 * time.Nanosecond}, `lvl=info msg=start obj=x pg=/api/tunnels dur=295.273µs`},
		{slog.LevelDebug, "a b", []any{"n", 7, "yes", true, "err", nil}, `lvl=dbug msg="a b" obj=x n=7 yes=true err=nil`},
		{slog.LevelWarn, "", []any{"err", errors.New(`say "no" = it's \ here`)}, `lvl=warn msg="" obj=x err="say \"no\" = it's \\ here"`},
		{slog.LevelError, "two\nlines", []any{"a", "\x1b[2J\u202e", "b", "\xff"}, `lvl=eror msg="two\nlines" obj=x a="\u001b[2J\u202e" b="` + "\ufffd" + `"`},
		{levelCrit, "x", []any{"obj", "again", "a", 1, "a", 2, "lvl", "own", "t", "own", "msg", "own"}, `lvl=crit msg=x obj=x a=1`},
	} {
		want := "t=2026-06-03T11:05:28+0200 " + x.want + "\n"
		if got := written(t, x.level, "logfmt", screen{}, x.msg, x.attrs...); got != want {
			t.Errorf("got  %swant %s", got, want)
		}
		if got := written(t, x.level, "term", screen{}, x.msg, x.attrs...); got != want {
			t.Errorf("term without a terminal: %s", got)
		}
	}
}

func TestNgrokJSON(t *testing.T) {
	got := written(t, slog.LevelInfo, "json", screen{}, "started <tunnel>", "url", "https://x?a&b", "obj", "again", "err", "a\n\x1b\xff", "status", 200, "dur", time.Second, "none", nil)
	want := `{"dur":"1s","err":"a\n\u001b` + "\ufffd" + `","lvl":"info","msg":"started <tunnel>","none":"nil","obj":"x","status":200,"t":"2026-06-03T11:05:28+02:00","url":"https://x?a&b"}` + "\n"
	if strings.ReplaceAll(got, `\ufffd`, "\ufffd") != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if !json.Valid([]byte(got)) {
		t.Errorf("%s is no JSON", got)
	}
}

func TestNgrokTerm(t *testing.T) {
	plain := "EROR[06-03|11:05:28] what happened                            obj=x err=\"a b\"\n"
	if got := written(t, slog.LevelError, "term", screen{terminal: true}, "what happened", "err", "a b"); got != plain {
		t.Errorf("%q", got)
	}
	if got := written(t, slog.LevelError, "term", screen{true, true}, "what happened", "err", "a b"); got != "\x1b[31mEROR\x1b[0m"+plain[4:] {
		t.Errorf("%q", got)
	}
}

// TestNgrokLines: records of many goroutines are whole lines, one Write each.
func TestNgrokLines(t *testing.T) {
	var w lineCounter
	log := slog.New(newNgrokHandler(&w, slog.LevelInfo, "logfmt", screen{}))
	done := make(chan struct{})
	for range 4 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 100 {
				log.Info("a message", "key", "value")
				log.Debug("nobody wants it")
			}
		}()
	}
	for range 4 {
		<-done
	}
	if w.lines != 400 || w.bad != 0 {
		t.Errorf("%d lines, %d broken", w.lines, w.bad)
	}
}

// lineCounter is a writer that does not want to be called twice at once, or with anything but one line.
type lineCounter struct{ lines, bad int }

func (w *lineCounter) Write(b []byte) (int, error) {
	w.lines++
	if bytes.Count(b, []byte("\n")) != 1 || b[len(b)-1] != '\n' {
		w.bad++
	}
	return len(b), nil
}

func TestProgram(t *testing.T) {
	for _, x := range []struct {
		argv   string
		rest   string
		compat bool
		fails  bool
	}{
		{argv: "adit http 80", rest: "http 80"},
		{argv: "/usr/bin/ngrok http 80", rest: "http 80", compat: true},
		{argv: `NGROK.EXE`, compat: true},
		{argv: "ngrok-v3 http", rest: "http"},
		{argv: "adit --compat ngrok http 80", rest: "http 80", compat: true},
		{argv: "adit http 80 --compat=ngrok --log stdout", rest: "http 80 --log stdout", compat: true},
		{argv: "adit http -- --compat ngrok", rest: "http -- --compat ngrok"},
		{argv: "adit --compat", fails: true},
		{argv: "adit --compat=other http", rest: "", fails: true},
	} {
		rest, compat, err := program(strings.Fields(x.argv))
		if strings.Join(rest, " ") != x.rest || compat != x.compat || (err != nil) != x.fails {
			t.Errorf("%s: %q %v %v", x.argv, rest, compat, err)
		}
	}
}
