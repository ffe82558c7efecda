package cli

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
)

// journalSize is how many lines a journal keeps, and journalLine how many bytes of each.
const (
	journalSize = 1000
	journalLine = 2000
)

// journal keeps the last lines of a log for the dashboard, under which nobody sees the log. It is a slog.Handler beside that of the log itself.
type journal struct {
	attrs slog.Handler // writes the attributes of one record to ring.buf
	ring  *journalRing
}

// journalRing is shared by all handlers that come from one.
type journalRing struct {
	mu    sync.Mutex
	buf   bytes.Buffer
	lines []inspect.Entry // in the order of a ring: the nth is at n mod journalSize
	last  uint64
}

var _ inspect.Journal = (*journal)(nil)

func newJournal(level slog.Leveler) *journal {
	r := &journalRing{lines: make([]inspect.Entry, journalSize)}
	return &journal{slog.NewTextHandler(&r.buf, &slog.HandlerOptions{Level: level, ReplaceAttr: attrsAlone}), r}
}

// journalOf makes a journal of what goes to a log from now on.
func journalOf(log *slog.Logger, level string) (*journal, *slog.Logger, error) {
	l, err := logLevel(level)
	if err != nil {
		return nil, nil, err
	}
	j := newJournal(l)
	return j, slog.New(slog.NewMultiHandler(log.Handler(), j)), nil
}

// Enabled implements slog.Handler.
func (j *journal) Enabled(ctx context.Context, l slog.Level) bool { return j.attrs.Enabled(ctx, l) }

// Handle implements slog.Handler.
func (j *journal) Handle(ctx context.Context, rec slog.Record) error {
	r := j.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buf.Reset()
	if err := j.attrs.Handle(ctx, rec); err != nil {
		return err
	}
	text := strings.TrimSpace(rec.Message + "  " + strings.TrimSpace(r.buf.String()))
	if len(text) > journalLine {
		text = strings.ToValidUTF8(text[:journalLine], "") + "…"
	}
	r.last++
	r.lines[r.last%journalSize] = inspect.Entry{Nth: r.last, At: rec.Time, Level: rec.Level, Text: text}
	return nil
}

// WithAttrs implements slog.Handler.
func (j *journal) WithAttrs(as []slog.Attr) slog.Handler {
	return &journal{j.attrs.WithAttrs(as), j.ring}
}

// WithGroup implements slog.Handler.
func (j *journal) WithGroup(name string) slog.Handler {
	return &journal{j.attrs.WithGroup(name), j.ring}
}

// Entries implements inspect.Journal.
func (j *journal) Entries(after uint64) []inspect.Entry {
	r := j.ring
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last > journalSize {
		after = max(after, r.last-journalSize)
	}
	var out []inspect.Entry
	for n := after + 1; n <= r.last; n++ {
		out = append(out, r.lines[n%journalSize])
	}
	return out
}
