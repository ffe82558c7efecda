package tui

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// about looks at the beginning of content.
func (o *whole) about(side inspect.Side) bodyRead {
	x, err := o.message(side)
	b := bodyRead{id: o.ID, side: side, err: err}
	if err != nil {
		return b
	}
	if b.size = x.Kept; b.size == 0 {
		b.err = errors.New("there is none")
	}
	c := view.Open(x, o.At(side), view.Limits{Bytes: 64 << 10, Lines: 1})
	b.media, b.json = c.Media, c.Kind == view.JSON || c.Kind == view.NDJSON
	if c.Picture != nil {
		b.picture = c.Picture.Format
	}
	return b
}

// stream is content on its way to another program.
type stream struct {
	out   io.Reader
	whole *whole
	body  io.Closer
	jq    *exec.Cmd
}

// stream opens the content of one side, without its coding. The caller closes it.
func (w *work) stream(b bodyRead) (*stream, error) {
	s := &stream{}
	var err error
	if s.whole, err = w.whole(w.root, b.id); err != nil {
		return s, err
	}
	x, err := s.whole.message(b.side)
	if err != nil {
		return s, err
	}
	body, err := view.Whole(x, s.whole.At(b.side))
	if err != nil {
		return s, err
	}
	s.out, s.body = body, body
	return s, nil
}

// through has a program work on it.
func (s *stream) through(cmd *exec.Cmd) error {
	cmd.Stdin = s.out
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout // what it says about content that it cannot read is seen in the pager
	if err := cmd.Start(); err != nil {
		return err
	}
	s.out, s.jq = out, cmd
	return nil
}

// close ends what is under way. It may be called on a stream that could not be opened.
func (s *stream) close() {
	if s.jq != nil {
		_ = s.jq.Process.Kill() // it may have ended
		_ = s.jq.Wait()
	}
	if s.body != nil {
		_ = s.body.Close() // it was only read
	}
	if s.whole != nil {
		s.whole.Close()
	}
}

// picture writes an image into a file of ours for the program that shows images. It stays until the dashboard ends.
func (w *work) picture(b bodyRead) tea.Cmd {
	return safely(func() tea.Msg {
		path, err := w.save(b)
		if err != nil {
			return pictured{err: err}
		}
		return pictured{path: path, shown: w.browse(path)}
	})
}

// save writes content into a file of ours.
func (w *work) save(b bodyRead) (path string, err error) {
	s, err := w.stream(b)
	defer s.close()
	if err != nil {
		return "", err
	}
	dir, err := w.scratch()
	if err != nil {
		return "", err
	}
	f, err := os.CreateTemp(dir, "body-*."+b.picture) // 0600; the name is ours
	if err != nil {
		return "", err
	}
	_, err = io.Copy(f, s.out)
	return f.Name(), errors.Join(err, f.Close())
}

// scratches is a directory of this dashboard alone, which goes with it. It is made when it is needed.
type scratches struct {
	once sync.Once
	dir  string
	err  error
}

func (s *scratches) scratch() (string, error) {
	s.once.Do(func() { s.dir, s.err = os.MkdirTemp("", "adit-") })
	return s.dir, s.err
}

// sweep removes what was written for other programs; nothing is after that.
func (s *scratches) sweep() {
	s.once.Do(func() { s.err = os.ErrClosed })
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // what is left over is where the system keeps such things
	}
}
