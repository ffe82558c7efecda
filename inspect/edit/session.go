package edit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// ErrUnchanged says that the person has changed nothing.
var ErrUnchanged = errors.New("nothing was changed: nothing is sent")

// Session is a text in a file, for an editor. It belongs to one goroutine.
type Session struct {
	path  string
	argv  []string
	last  []byte // what the person was given
	wrong error  // with it
}

// Begin writes text to a file that only its owner may read, and finds the editor: see Editor. End the session.
func Begin(text []byte, env func(string) string) (*Session, error) {
	f, err := os.CreateTemp("", "adit-*.http") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("a file for the editor: %w", err)
	}
	s := &Session{path: f.Name(), last: text}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		s.argv, err = Editor(env, s.path)
	}
	if err != nil {
		s.End()
		return nil, err
	}
	return s, nil
}

// Command is the editor, ready to be run with the terminal as its standard files. Each call makes another one.
func (s *Session) Command() *exec.Cmd { return exec.Command(s.argv[0], s.argv[1:]...) }

// Read reads what the person has made of the text. again: there is a mistake in it, which is in the file now, too; run the editor once more. The error is
// ErrUnchanged, ErrEmpty, or the mistake of a text that was left as it was.
func (s *Session) Read() (e *inspect.Edit, again bool, err error) {
	text, err := s.content()
	if err != nil {
		return nil, false, err
	}
	if bytes.Equal(text, s.last) {
		if s.wrong != nil {
			return nil, false, s.wrong
		}
		return nil, false, ErrUnchanged
	}
	e, err = Parse(text)
	var wrong *LineError
	if !errors.As(err, &wrong) {
		return e, false, err
	}
	if err := s.tell(text, fmt.Sprintf("line %d: %s", wrong.Line+1, wrong.Text), wrong); err != nil {
		return nil, false, err
	}
	return nil, true, wrong
}

// Refuse says in the file why what was read cannot be sent: run the editor once more. A text that is left as it was then ends with that mistake.
func (s *Session) Refuse(wrong error) error {
	text, err := s.content()
	if err != nil {
		return err
	}
	return s.tell(text, strings.ReplaceAll(wrong.Error(), "\n", " "), wrong)
}

// tell writes a mistake above the text.
func (s *Session) tell(text []byte, mistake string, wrong error) error {
	s.last, s.wrong = text, wrong
	if err := os.WriteFile(s.path, append([]byte(mistaken+mistake+"\n"), text...), 0o600); err != nil {
		return fmt.Errorf("the editor's file: %w", err)
	}
	return nil
}

// content is what is in the file, but for what was told of the last mistake.
func (s *Session) content() ([]byte, error) {
	f, err := os.Open(s.path)
	if err != nil {
		return nil, fmt.Errorf("what the editor has left: %w", err)
	}
	defer f.Close() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, 2*maxText+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("what the editor has left: %w", err)
	case len(text) > 2*maxText:
		return nil, fmt.Errorf("the text has more than %d bytes: that is too much for a request that is edited by hand", 2*maxText)
	}
	if bytes.HasPrefix(text, []byte(mistaken)) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return text, nil
}

// End removes the file.
func (s *Session) End() { _ = os.Remove(s.path) } // who has moved it away keeps it
