package cli

import (
	"bytes"
	"io"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/inspect/view"
)

// recorded is standard output for bytes as they were recorded. A file or a pipe gets them as they are; what a stranger has sent may hold commands for a
// terminal, so there they are shown with visible escapes. Call flush at the end.
type recorded struct {
	w        io.Writer
	terminal bool
	line     []byte // of a terminal, not shown yet
}

func (a *app) recorded() *recorded {
	return &recorded{w: a.Out, terminal: term.IsTerminal(int(a.Out.Fd()))}
}

// longLine is how much of a line is gathered before it is shown.
const longLine = 64 << 10

// Write implements io.Writer.
func (r *recorded) Write(p []byte) (int, error) {
	if !r.terminal {
		return r.w.Write(p)
	}
	for rest := p; len(rest) > 0; {
		piece, after, ended := bytes.Cut(rest, []byte("\n"))
		r.line = append(r.line, piece...)
		rest = after
		if !ended && len(r.line) < longLine {
			break
		}
		if err := r.show(ended); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (r *recorded) show(ended bool) error {
	text := view.Sanitize(string(bytes.TrimSuffix(r.line, []byte("\r"))))
	r.line = r.line[:0]
	if ended {
		text += "\n"
	}
	_, err := io.WriteString(r.w, text)
	return err
}

// flush shows what has no line end.
func (r *recorded) flush() error {
	if len(r.line) == 0 {
		return nil
	}
	return r.show(true)
}
