package terminal

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// desk is a machine on which some programs for the clipboard are installed.
type desk struct {
	env      map[string]string
	programs []string
	told     string // to the terminal
	took     map[string]string
}

func (d *desk) clipboard(t *testing.T, system string, terminal bool) *Clipboard {
	d.took = map[string]string{}
	return &Clipboard{
		getenv: func(name string) string { return d.env[name] },
		system: system,
		tell: func(s string) bool {
			d.told += s
			return terminal
		},
		pipe: func(_ context.Context, stdin []byte, argv ...string) error {
			line := strings.Join(argv, " ")
			if !slices.Contains(d.programs, line) {
				return errors.New("not found")
			}
			d.took[argv[0]] = string(stdin)
			return nil
		},
		save: func(pattern string, text []byte) (string, error) {
			path := filepath.Join(t.TempDir(), pattern)
			return path, os.WriteFile(path, text, 0o600)
		},
	}
}

func TestClipboardUsesAllWaysThereAre(t *testing.T) {
	const text = "https://otter.example.com/hook?a=1 ü"
	for _, c := range []struct {
		name, system, env, programs string
		mute                        bool   // the terminal is not ours
		want                        string // "": a file
		sequence                    string // how what the terminal is told begins
	}{
		{name: "terminal alone", system: "linux", want: "OSC 52", sequence: "\x1b]52;c;"},
		{name: "console", system: "linux", env: "TERM=linux"},
		{name: "wayland", system: "linux", env: "WAYLAND_DISPLAY=w DISPLAY=:0", programs: "wl-copy|xclip -selection clipboard", want: "wl-copy, OSC 52"},
		{name: "X without xclip", system: "linux", env: "DISPLAY=:0", programs: "xsel --input --clipboard", want: "xsel, OSC 52"},
		{name: "no display", system: "linux", programs: "xclip -selection clipboard", want: "OSC 52"},
		{name: "tmux", system: "linux", env: "TMUX=/t,1,0", programs: "tmux load-buffer -w -", want: "OSC 52, tmux", sequence: "\x1bPtmux;\x1b\x1b]52;c;"},
		{name: "old tmux", system: "linux", env: "TMUX=/t,1,0", programs: "tmux load-buffer -", want: "OSC 52, tmux"},
		{name: "screen", system: "linux", env: "STY=1", want: "OSC 52", sequence: "\x1bP\x1b]52;c;"},
		{name: "mac", system: "darwin", programs: "pbcopy", want: "pbcopy, OSC 52"},
		{name: "far mac", system: "darwin", env: "SSH_CONNECTION=x", programs: "pbcopy", want: "OSC 52"},
		{name: "wsl", system: "linux", env: "WSL_DISTRO_NAME=u", programs: "clip.exe", want: "clip.exe, OSC 52"},
		{name: "terminal given back", system: "linux", mute: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := desk{env: map[string]string{}, programs: strings.Split(c.programs, "|")}
			for _, pair := range strings.Fields(c.env) {
				name, value, _ := strings.Cut(pair, "=")
				d.env[name] = value
			}
			ways, file, err := d.clipboard(t, c.system, !c.mute).Put(t.Context(), text)
			if got := strings.Join(ways, ", "); err != nil || got != c.want || (file == "") != (c.want != "") {
				t.Errorf("copied by %q, file %q, %v; want %q", got, file, err, c.want)
			}
			if !strings.HasPrefix(d.told, c.sequence) {
				t.Errorf("the terminal was told %q, want it to begin with %q", d.told, c.sequence)
			}
			if c.sequence != "" && !strings.Contains(strings.ReplaceAll(d.told, "\x1b\\\x1bP", ""), base64.StdEncoding.EncodeToString([]byte(text))) {
				t.Errorf("%q does not hold the text", d.told)
			}
			for name, got := range d.took {
				if got != text && name != "clip.exe" {
					t.Errorf("%s got %q", name, got)
				}
			}
		})
	}
}

// The terminal is told nothing before it is drawn on, and nothing when it has been given back.
func TestTerminalIsToldOnlyWhileItIsOurs(t *testing.T) {
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	screen := New(out, out)
	told := []bool{screen.tell("1")}
	_, err = screen.Write([]byte("frame"))
	told = append(told, screen.tell("2"))
	screen.away()
	told = append(told, screen.tell("3"))
	screen.Leave()
	told = append(told, screen.tell("4"))
	_ = out.Close()
	got, unread := io.ReadAll(in)
	if want := []bool{false, true, false, false}; string(got) != "frame2" || !slices.Equal(told, want) || err != nil || unread != nil {
		t.Errorf("%q, %v, %v, %v", got, told, err, unread)
	}
}

// What no clipboard takes is written to a file: too much, and what is no text.
func TestClipboardWritesToAFileWhatItCannotTake(t *testing.T) {
	for _, text := range []string{strings.Repeat("x", clipLimit+1), "\xff\xfe", "a\x00b"} {
		d := desk{programs: []string{"pbcopy"}}
		ways, file, err := d.clipboard(t, "darwin", true).Put(t.Context(), text)
		got, unread := os.ReadFile(file)
		if err != nil || unread != nil || len(ways) > 0 || d.told != "" || string(got) != text {
			t.Errorf("%.10q: ways %v, file %q (%v), %v", text, ways, file, unread, err)
		}
	}
}
