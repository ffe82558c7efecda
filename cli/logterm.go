package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
)

// termHandler writes records for people at a terminal:
//
//	11:05:07 WARN  no session; trying again            err="connection refused" next=250ms
//
// Texts that would move the cursor or turn the reading direction are written as escapes.
type termHandler struct {
	w      io.Writer
	colour bool
	attrs  slog.Handler // writes the attributes of one record to buf
	shared *termBuffer
}

// termBuffer is where the attributes of one record are gathered; all handlers that come from one share it.
type termBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// messageWidth is how much room a message has before its attributes begin.
const messageWidth = 34

func newTermHandler(w io.Writer, level slog.Leveler, colour bool) *termHandler {
	h := &termHandler{w: w, colour: colour, shared: &termBuffer{}}
	h.attrs = slog.NewTextHandler(&h.shared.buf, &slog.HandlerOptions{Level: level, ReplaceAttr: attrsAlone})
	return h
}

// attrsAlone leaves out what the handler writes itself.
func attrsAlone(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

// Enabled implements slog.Handler.
func (h *termHandler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.attrs.Enabled(ctx, l)
}

// Handle implements slog.Handler. A record is one Write.
func (h *termHandler) Handle(ctx context.Context, r slog.Record) error {
	h.shared.mu.Lock()
	defer h.shared.mu.Unlock()
	h.shared.buf.Reset()
	if err := h.attrs.Handle(ctx, r); err != nil {
		return err
	}
	attrs := strings.TrimSpace(h.shared.buf.String())
	message := visibleText(r.Message)
	line := fmt.Sprintf("%s %s %s", r.Time.Format("15:04:05"), h.level(r.Level), message)
	if attrs != "" {
		line += strings.Repeat(" ", max(1, messageWidth-len(message))) + attrs
	}
	_, err := io.WriteString(h.w, line+"\n")
	return err
}

// level is the level's word, five columns wide.
func (h *termHandler) level(l slog.Level) string {
	word, colour := "DEBUG", "2"
	switch {
	case l >= slog.LevelError:
		word, colour = "ERROR", "31"
	case l >= slog.LevelWarn:
		word, colour = "WARN ", "33"
	case l >= slog.LevelInfo:
		word, colour = "INFO ", "32"
	}
	if !h.colour {
		return word
	}
	return "\x1b[" + colour + "m" + word + "\x1b[0m"
}

// WithAttrs implements slog.Handler.
func (h *termHandler) WithAttrs(as []slog.Attr) slog.Handler {
	c := *h
	c.attrs = h.attrs.WithAttrs(as)
	return &c
}

// WithGroup implements slog.Handler.
func (h *termHandler) WithGroup(name string) slog.Handler {
	c := *h
	c.attrs = h.attrs.WithGroup(name)
	return &c
}

// visibleText is s as it stands, or quoted when it holds what a terminal would act on.
func visibleText(s string) string {
	for _, r := range s {
		if !strconv.IsPrint(r) || r == '\ufffd' {
			return strconv.Quote(s)
		}
	}
	return s
}
