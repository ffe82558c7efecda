package terminal

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/aymanbagabas/go-osc52/v2"
)

const (
	// clipLimit is how much text a clipboard is given, in bytes: terminals refuse sequences that are longer, and say nothing.
	clipLimit = 74_000
	// clipPatience is how long a program may take that puts text into a clipboard.
	clipPatience = 3 * time.Second
)

// Clipboard puts text where the person can paste it from. No terminal says whether it has taken any, so that all ways which there may be are gone.
type Clipboard struct {
	getenv func(string) string
	system string                                                        // as in runtime.GOOS
	tell   func(sequence string) bool                                    // the terminal, out of any frame; false: it is not ours now
	pipe   func(ctx context.Context, stdin []byte, argv ...string) error // runs a program
	save   func(pattern string, text []byte) (path string, err error)    // makes a file that nobody else reads
}

// NewClipboard is that of this machine, and of the terminal.
func NewClipboard(screen *Screen) *Clipboard {
	return &Clipboard{getenv: os.Getenv, system: runtime.GOOS, tell: screen.tell, pipe: pipe, save: saveTemporary}
}

// Put copies text by all ways that work and names them; when none does, it is in the file.
func (c *Clipboard) Put(ctx context.Context, text string) (ways []string, file string, err error) {
	if len(text) <= clipLimit && utf8.ValidString(text) && !strings.Contains(text, "\x00") {
		ways = c.ways(ctx, text)
	}
	if len(ways) > 0 {
		return ways, "", nil
	}
	file, err = c.save("adit-copy-*.txt", []byte(text))
	return nil, file, err
}

func (c *Clipboard) ways(ctx context.Context, text string) (ways []string) {
	if name := c.native(ctx, text); name != "" {
		ways = append(ways, name)
	}
	if sequence := c.sequence(text); sequence != "" && c.tell(sequence) {
		ways = append(ways, "OSC 52")
	}
	if c.getenv("TMUX") != "" {
		// -w has tmux tell its own terminal, too; before 3.2 it does not know that.
		if c.pipe(ctx, []byte(text), "tmux", "load-buffer", "-w", "-") == nil || c.pipe(ctx, []byte(text), "tmux", "load-buffer", "-") == nil {
			ways = append(ways, "tmux")
		}
	}
	return ways
}

// sequence asks the terminal to take text; tmux and screen pass it on when it is wrapped. "": it has no clipboard.
func (c *Clipboard) sequence(text string) string {
	s, term := osc52.New(text), c.getenv("TERM")
	switch {
	case c.getenv("TMUX") != "":
		return s.Tmux().String()
	case c.getenv("STY") != "":
		return s.Screen().String()
	case term == "linux" || term == "dumb":
		return ""
	}
	return s.String()
}

// native gives text to the program that this system has for it, where the person sits before it, and returns its name.
func (c *Clipboard) native(ctx context.Context, text string) string {
	for _, argv := range c.programs() {
		stdin := []byte(text)
		if argv[0] == "clip.exe" {
			stdin = wide(text)
		}
		if c.pipe(ctx, stdin, argv...) == nil {
			return argv[0]
		}
	}
	return ""
}

// programs are those that may work here, the best one first. At the far end of SSH the system has another clipboard than the person's, but a display may be the
// person's.
func (c *Clipboard) programs() (all [][]string) {
	if own := map[string]string{"darwin": "pbcopy", "windows": "clip.exe"}[c.system]; own != "" {
		if far(c.getenv) {
			return nil
		}
		return [][]string{{own}}
	}
	if c.getenv("WAYLAND_DISPLAY") != "" {
		all = append(all, []string{"wl-copy"})
	}
	if c.getenv("DISPLAY") != "" {
		all = append(all, []string{"xclip", "-selection", "clipboard"}, []string{"xsel", "--input", "--clipboard"})
	}
	if c.getenv("WSL_DISTRO_NAME") != "" {
		all = append(all, []string{"clip.exe"})
	}
	return all
}

// wide is text as Windows' clip.exe takes all characters: UTF-16 with a byte order mark.
func wide(text string) []byte {
	var b bytes.Buffer
	for _, unit := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		_ = binary.Write(&b, binary.LittleEndian, unit) // a buffer takes everything
	}
	return b.Bytes()
}

// pipe runs a program with that input. Its output goes nowhere: xclip stays behind and would hold a pipe open.
func pipe(ctx context.Context, stdin []byte, argv ...string) error {
	ctx, cancel := context.WithTimeout(ctx, clipPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	ownSession(cmd)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second
	return cmd.Run()
}

// saveTemporary writes a file that only this user may read.
func saveTemporary(pattern string, text []byte) (string, error) {
	f, err := os.CreateTemp("", pattern)
	if err != nil {
		return "", fmt.Errorf("make a file: %w", err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return "", fmt.Errorf("write %s: %w", f.Name(), err)
	}
	return f.Name(), nil
}
