//go:build unix

package tui

import (
	"bytes"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/term"

	"github.com/adit-tunnel/adit/tui/terminal"
)

const patience = 20 * time.Second

// console is a terminal that answers nothing, with a child on it.
type console struct {
	t      *testing.T
	master *os.File
	slave  *os.File
	cmd    *exec.Cmd
	before *term.State
	ended  chan struct{} // all output has been read

	mu  sync.Mutex
	out bytes.Buffer
}

func startOn(t *testing.T, role string, env ...string) *console {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatalf("open a pseudo terminal: %v", err)
	}
	c := &console{t: t, master: master, slave: slave, ended: make(chan struct{})}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	if c.before, err = term.GetState(int(slave.Fd())); err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(os.Args[0])
	c.cmd.Env = append([]string{"ADIT_TUI_CHILD=" + role, "TERM=xterm-256color", "GORACE=atexit_sleep_ms=0", "PATH=" + os.Getenv("PATH")}, env...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = slave, slave, slave
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go c.read()
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.cmd.Process.Kill()
		_ = c.slave.Close()
		<-c.ended
		_ = c.master.Close()
	})
	return c
}

func (c *console) read() {
	defer close(c.ended)
	buf := make([]byte, 4096)
	for {
		n, err := c.master.Read(buf)
		c.mu.Lock()
		c.out.Write(buf[:n])
		c.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (c *console) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.out.String()
}

func (c *console) waitFor(text string) {
	c.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(c.text(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%q did not come; there is %q", text, c.text())
		}
	}
}

func (c *console) state() *term.State {
	c.t.Helper()
	s, err := term.GetState(int(c.slave.Fd()))
	if err != nil {
		c.t.Fatal(err)
	}
	return s
}

func (c *console) press(keys string) {
	c.t.Helper()
	if _, err := c.master.WriteString(keys); err != nil {
		c.t.Fatal(err)
	}
}

// finish waits for the child's end and returns its exit code; all its output has been read then.
func (c *console) finish() int {
	c.t.Helper()
	kill := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	err := c.cmd.Wait()
	if !kill.Stop() {
		c.t.Fatalf("the child did not end; it wrote %q", c.text())
	}
	after := c.state()
	_ = c.slave.Close()
	<-c.ended
	if !reflect.DeepEqual(after, c.before) {
		c.t.Error("the terminal's mode is not as it was")
	}
	if err == nil {
		return 0
	}
	return c.cmd.ProcessState.ExitCode()
}

// wantRestored checks that everything that was switched on is off again, and returns what was written after that.
func (c *console) wantRestored() string {
	c.t.Helper()
	out := c.text()
	for _, mode := range []string{"1049", "2004", "1002", "1006"} {
		on, off := strings.LastIndex(out, "\x1b[?"+mode+"h"), strings.LastIndex(out, "\x1b[?"+mode+"l")
		if on < 0 || off < on {
			c.t.Errorf("mode %s: last switched on at %d, off at %d", mode, on, off)
		}
	}
	if hidden, shown := strings.LastIndex(out, "\x1b[?25l"), strings.LastIndex(out, "\x1b[?25h"); shown < hidden {
		c.t.Error("the cursor stays hidden")
	}
	_, rest, _ := strings.Cut(out[strings.LastIndex(out, "\x1b[?1049l"):], "l")
	return rest
}

func TestImportLeavesAMuteTerminalAlone(t *testing.T) {
	c := startOn(t, "import")
	if code := c.finish(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if out := c.text(); out != "" {
		t.Errorf("importing the package writes %q", out)
	}
}

func TestRunRestoresTheTerminal(t *testing.T) {
	tests := []struct {
		name, role string
		end        func(c *console)
		says       string
		code       int
	}{
		{"q", "run", func(c *console) { c.press("q") }, "returned: <nil>", 0},
		{"ctrl+c", "run", func(c *console) { c.press("\x03") }, "returned: <nil>", 0},
		{"end of ctx", "run", func(c *console) { _ = c.cmd.Process.Signal(syscall.SIGTERM) }, "returned: <nil>", 0},
		{"panic inside", "panic", func(c *console) { c.press("\r") }, "panic: dashboard panicked: broken store, stack: true", 0},
		{"panic elsewhere", "restore", func(c *console) { _ = c.cmd.Process.Signal(syscall.SIGTERM) }, "given back", 70},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := startOn(t, tt.role)
			c.waitFor("/webhooks/github")
			if reflect.DeepEqual(c.state(), c.before) {
				t.Error("the terminal is not in raw mode")
			}
			tt.end(c)
			if code := c.finish(); code != tt.code {
				t.Errorf("exit code %d, want %d, after %q", code, tt.code, c.text())
			}
			if rest := c.wantRestored(); !strings.Contains(rest, tt.says) {
				t.Errorf("after the screen came %q, want %q", rest, tt.says)
			}
		})
	}
}

// A terminal that nobody's shell controls cannot stop a program: it must not wait to be continued either.
func TestSuspendWithoutAShellGoesOn(t *testing.T) {
	c := startOn(t, "run")
	c.waitFor("/webhooks/github")
	c.press("\x1a")
	c.waitFor("\x1b[?1049l")
	for end := time.Now().Add(patience); strings.Count(c.text(), "\x1b[?1049h") < 2; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the screen did not come back")
		}
	}
	c.waitForTimes("\x1b[?1002h", 2) // and the mouse is taken again
	c.press("q")
	c.finish()
	c.wantRestored()
}

// Somebody else stops adit: the shell takes the terminal as it likes it, and when adit goes on, it takes all of it again.
func TestStoppedFromOutsideTakesTheTerminalAgain(t *testing.T) {
	c := startOn(t, "run")
	c.waitForTimes("\x1b[?1002h", 1)
	c.waitFor("/webhooks/github")
	for _, s := range []syscall.Signal{syscall.SIGSTOP, syscall.SIGCONT} {
		if err := c.cmd.Process.Signal(s); err != nil {
			t.Fatal(err)
		}
		_ = term.Restore(int(c.slave.Fd()), c.before)
	}
	c.waitForTimes("\x1b[?1049h", 2)
	c.waitForTimes("\x1b[?1002h", 2)
	c.press("q")
	c.finish()
	c.wantRestored()
}

// waitForTimes waits until text has come n times.
func (c *console) waitForTimes(text string, n int) {
	c.t.Helper()
	for end := time.Now().Add(patience); strings.Count(c.text(), text) < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.t.Fatalf("%q did not come %d times", text, n)
		}
	}
}

// The terminal is asked for its background: what it answers changes the colours and passes for no keys, and until it does nothing waits.
func TestBackgroundIsAskedFor(t *testing.T) {
	for name, answer := range map[string]string{"at once": "\x1b]11;rgb:fdfd/f6f6/e3e3\x1b\\", "ending with BEL": "\x1b]11;rgb:ff/ff/ff\a"} {
		t.Run(name, func(t *testing.T) {
			c := startOn(t, "run")
			c.waitFor("/webhooks/github")
			c.waitFor("\x1b]11;?")
			c.press(answer[:9])
			c.press(answer[9:])
			c.waitFor("\x1b[38;5;22m") // online, in the green for light backgrounds
			c.press("q")
			if code := c.finish(); code != 0 || strings.Contains(c.text(), "replay") && strings.Contains(c.text(), "replaying") {
				t.Errorf("exit code %d, after %q", code, c.text())
			}
			c.wantRestored()
		})
	}
}

// Inline, what the terminal showed stays, and the last frame with it.
func TestInlineLeavesTheScreenAsItIs(t *testing.T) {
	c := startOn(t, "inline")
	c.waitFor("/webhooks/github")
	c.press("q")
	c.finish()
	out := c.text()
	for _, mode := range []string{"\x1b[?1049h", "\x1b[?1049l", "\x1b[?1002h", "\x1b[2J"} {
		if strings.Contains(out, mode) {
			t.Errorf("%q was written", mode)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(strings.ReplaceAll(out, "\r", "")), "returned: <nil>") {
		t.Errorf("the end is %q", out[max(len(out)-200, 0):])
	}
}

func TestNoColorHasAttributesOnly(t *testing.T) {
	c := startOn(t, "run", "NO_COLOR=1")
	c.waitFor("/webhooks/github")
	c.press("k")
	c.waitFor("\x1b[7m")
	c.press("q")
	c.finish()
	if colour := regexp.MustCompile(`\x1b\[[0-9;]*(3|4|9)[0-9][0-9;]*m`).FindString(c.text()); colour != "" {
		t.Errorf("colour %q", colour)
	}
}

// A terminal gets the most of the colours that it says it has.
func TestColoursThatTheTerminalHas(t *testing.T) {
	for name, c := range map[string]struct{ env, want string }{
		"all":     {"COLORTERM=truecolor", "\x1b[38;2;"},
		"256":     {"TERM=xterm-256color", "\x1b[38;5;"},
		"sixteen": {"TERM=xterm", "\x1b[32m"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			on := startOn(t, "run", "COLORFGBG=15;0", c.env)
			on.waitFor("/webhooks/github")
			on.press("q")
			on.finish()
			if got := regexp.MustCompile(`\x1b\[(38;[25];|32m)`).FindString(on.text()); got != c.want {
				t.Errorf("the first colour begins %q, want %q", got, c.want)
			}
		})
	}
}

func TestForeground(t *testing.T) {
	c := startOn(t, "foreground")
	c.finish()
	out := strings.ReplaceAll(c.text(), "\r", "")
	if !strings.Contains(out, "foreground=true interactive=true\nbehind: foreground=false interactive=false\n") {
		t.Errorf("got %q", out)
	}
	pipe, _, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if terminal.Foreground(pipe) || terminal.Interactive(pipe, pipe) {
		t.Error("a pipe is taken for a terminal")
	}
}

func TestInteractiveOnADumbTerminal(t *testing.T) {
	c := startOn(t, "foreground", "TERM=dumb")
	c.finish()
	if out := c.text(); !strings.Contains(out, "foreground=true interactive=false") {
		t.Errorf("got %q", out)
	}
}
