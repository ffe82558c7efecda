package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// ngrokHandler writes records as ngrok's agent does, for the programs that read its log:
//
//	t=2026-06-03T11:05:28+0000 lvl=info msg="started tunnel" obj=tunnels name=command_line addr=http://localhost:8080 url=https://…
//
// A record is one line and one Write. No key stands twice in a line: what comes first counts. Groups are not written.
type ngrokHandler struct {
	w      io.Writer
	mu     *sync.Mutex // of w
	level  slog.Leveler
	append func([]byte, *slog.Record, []slog.Attr) []byte
	attrs  []slog.Attr
}

// newNgrokHandler makes one for a format: json, logfmt, or term, which is logfmt where no terminal is.
func newNgrokHandler(w io.Writer, level slog.Leveler, format string, s screen) *ngrokHandler {
	h := &ngrokHandler{w: w, mu: &sync.Mutex{}, level: level, append: appendLogfmt}
	switch {
	case format == "json":
		h.append = appendJSON
	case format == "term" && s.terminal:
		h.append = func(b []byte, r *slog.Record, as []slog.Attr) []byte { return appendTerm(b, r, as, s.colour) }
	}
	return h
}

// Enabled implements slog.Handler.
func (h *ngrokHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= h.level.Level() }

// Handle implements slog.Handler.
func (h *ngrokHandler) Handle(_ context.Context, r slog.Record) error {
	attrs := append([]slog.Attr{}, h.attrs...)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	line := append(h.append(nil, &r, once(attrs)), '\n')
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.w.Write(line)
	return err
}

// WithAttrs implements slog.Handler.
func (h *ngrokHandler) WithAttrs(as []slog.Attr) slog.Handler {
	c := *h
	c.attrs = append(append([]slog.Attr{}, h.attrs...), as...)
	return &c
}

// WithGroup implements slog.Handler.
func (h *ngrokHandler) WithGroup(string) slog.Handler { return h }

// once leaves out attributes whose key stands before them, or is one of the line's own.
func once(attrs []slog.Attr) []slog.Attr {
	seen := map[string]bool{"t": true, "lvl": true, "msg": true, "": true}
	out := attrs[:0]
	for _, a := range attrs {
		if !seen[a.Key] {
			seen[a.Key] = true
			out = append(out, a)
		}
	}
	return out
}

// levelWord is the level in ngrok's four letters.
func levelWord(l slog.Level) string {
	switch {
	case l >= levelCrit:
		return "crit"
	case l >= slog.LevelError:
		return "eror"
	case l >= slog.LevelWarn:
		return "warn"
	case l >= slog.LevelInfo:
		return "info"
	}
	return "dbug"
}

func appendLogfmt(b []byte, r *slog.Record, attrs []slog.Attr) []byte {
	b = append(b, "t="+r.Time.Format("2006-01-02T15:04:05-0700")+" lvl="+levelWord(r.Level)+" msg="...)
	b = appendQuoted(b, r.Message)
	return appendPairs(b, attrs)
}

func appendPairs(b []byte, attrs []slog.Attr) []byte {
	for _, a := range attrs {
		b = append(append(append(b, ' '), a.Key...), '=')
		b = appendQuoted(b, valueText(a.Value))
	}
	return b
}

// appendTerm is the form for people: the level in colour, the message with room behind it.
func appendTerm(b []byte, r *slog.Record, attrs []slog.Attr, colour bool) []byte {
	word := strings.ToUpper(levelWord(r.Level))
	if colour {
		word = "\x1b[" + levelColour(r.Level) + "m" + word + "\x1b[0m"
	}
	b = fmt.Appendf(b, "%s[%s] %-40s", word, r.Time.Format("01-02|15:04:05"), visibleText(r.Message))
	return appendPairs(b, attrs)
}

func levelColour(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "31"
	case l >= slog.LevelWarn:
		return "33"
	case l >= slog.LevelInfo:
		return "32"
	}
	return "36"
}

// appendJSON writes one object, its keys in order, so that the same line always looks the same. What is no number is a text.
func appendJSON(b []byte, r *slog.Record, attrs []slog.Attr) []byte {
	object := map[string]any{"t": r.Time.Format(time.RFC3339), "lvl": levelWord(r.Level), "msg": r.Message}
	for _, a := range attrs {
		switch v := a.Value.Resolve(); v.Kind() {
		case slog.KindInt64, slog.KindUint64, slog.KindFloat64:
			object[a.Key] = v.Any()
		default:
			object[a.Key] = valueText(v)
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	_ = e.Encode(object) // texts always can be
	return append(b, bytes.TrimRight(out.Bytes(), "\n")...)
}

// valueText is a value as one text.
func valueText(v slog.Value) string {
	if v = v.Resolve(); v.Kind() == slog.KindAny && v.Any() == nil {
		return "nil"
	}
	return v.String()
}

// appendQuoted writes s bare when that can be read in one way only, else in double quotes as a POSIX shell reads them: its readers split lines as a shell does.
// Control characters, and what turns the writing around, become escapes.
func appendQuoted(b []byte, s string) []byte {
	if s != "" && !strings.ContainsFunc(s, special) && utf8.ValidString(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case !unicode.IsPrint(r):
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}

// special are the characters that a bare value may not have.
func special(r rune) bool {
	return r == '=' || r == '"' || r == '\'' || r == '\\' || r == ' ' || !unicode.IsPrint(r)
}
