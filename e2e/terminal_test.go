package e2e

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// terminal is a shell in tmux, with adit in its PATH.
type terminal struct {
	t      *testing.T
	socket string
	env    []string
}

func newTerminal(t *testing.T, columns, rows int) *terminal {
	t.Helper()
	need(t, "tmux", "bash")
	bin := t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\n%s=1 exec %s \"$@\"\n", beAdit, self(t))
	if err := os.WriteFile(filepath.Join(bin, "adit"), []byte(wrapper), 0o755); err != nil {
		t.Fatal(err)
	}
	env := cleanEnv(t)
	env[0] = "PATH=" + bin + ":" + os.Getenv("PATH")
	x := &terminal{t: t, socket: filepath.Join(t.TempDir(), "s"), env: append(env, "PS1=prompt> ", "HISTFILE=/dev/null", "TERM=screen-256color")}
	shell := append([]string{"env", "-i"}, x.env...)
	shell = append(shell, "bash", "--norc", "--noprofile", "-i")
	x.tmux(append([]string{"-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows)}, shell...)...)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the screen:\n%s", x.screen())
		}
		x.tmux("kill-server")
	})
	x.see(`prompt>`)
	return x
}

func (x *terminal) tmux(args ...string) string {
	x.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-S", x.socket}, args...)...)
	cmd.Env = x.env
	out, err := cmd.CombinedOutput()
	if err != nil && args[0] != "kill-server" {
		x.t.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

func (x *terminal) screen() string { return x.tmux("capture-pane", "-p") }

// press sends keys by tmux's names; typed text goes through say.
func (x *terminal) press(keys ...string) {
	x.t.Helper()
	x.tmux(append([]string{"send-keys"}, keys...)...)
}

func (x *terminal) say(line string) {
	x.t.Helper()
	x.tmux("send-keys", "-l", line)
	x.press("Enter")
}

// see waits until the screen matches and returns the submatches.
func (x *terminal) see(pattern string) []string {
	x.t.Helper()
	re := regexp.MustCompile(pattern)
	var m []string
	eventually(x.t, "the screen shows "+pattern, func() bool {
		m = re.FindStringSubmatch(x.screen())
		return m != nil
	})
	return m
}

const forwarding = `Forwarding\s+(http://localhost:\d+)`

// TestLogBesideDashboard: a log that leads away from the screen may go there while the dashboard has it; one that does not is refused.
func TestLogBesideDashboard(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 100, 32)
	file := filepath.Join(t.TempDir(), "log")
	x.say("adit http " + port + " --log stderr")
	x.see(`the log cannot go to stderr while the dashboard has the screen`)
	x.say("adit http " + port + " --log stderr 2>" + file)
	x.see(`Session Status\s+online`)
	eventually(t, "the log tells of the session", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), `msg="endpoint online"`)
	})
	x.press("q")
	x.see(`prompt>`)
}

func TestDashboard(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 100, 32)
	x.say("adit http " + port)
	x.see(`Session Status\s+online`)
	x.see(`local \(embedded relay\)`)
	url := x.see(forwarding)[1]
	x.see(`curl .*` + regexp.QuoteMeta(url)) // what to do while no request has come
	if status, _ := get(t, url+"/first"); status != 200 {
		t.Fatalf("status %d", status)
	}
	x.see(`GET\s+/first\s+200 OK`)
	q, _ := http.NewRequest("POST", url+"/second", strings.NewReader(`{"order":42}`))
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("X-Evil", "\xc2\x9b2J")
	fetch(t, q)
	x.see(`POST\s+/second\s+200 OK`)
	x.press("Down", "Enter", "2")
	x.see(`Content-Type: application/json`)
	x.press("G")
	x.see(`"order": 42`)
	x.press("r")
	x.press("Escape")
	x.see(`POST\s+↻ /second\s+200 OK`)
	x.tmux("resize-window", "-x", "42", "-y", "20")
	x.see(`/second`)
	x.tmux("resize-window", "-x", "120", "-y", "40")
	x.see(`Session Status\s+online`)
	x.press("q")
	x.see(`adit ran for \d+ s: 3 requests\n  ` + url + ` -> \S+\n  captures are in \S+`)
	x.see(`(?s)prompt>\s*$`)
	x.say("stty -a | tr ';' '\\n' | grep -ow echo; echo code=$?")
	x.see(`(?m)^echo$`) // the terminal echoes again
	x.see(`code=0`)
}

// The local service is seen to go and to come back, the log and the drawing with ASCII alone do not need more than a key and a flag.
func TestDashboardTellsOfTheLocalService(t *testing.T) {
	local := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	addr := local.Listener.Addr().String()
	local.Listener.Close()
	x := newTerminal(t, 110, 32)
	x.say("adit http " + addr + " --ascii")
	url := x.see(forwarding)[1]
	if status, _ := get(t, url+"/lost"); status != 502 {
		t.Errorf("status %d", status)
	}
	x.see(`Forwarding .*refused for \d+ s`)
	x.see(`GET\s+/lost\s+LOCAL_REFUSED`)
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	local.Listener = ln
	local.Start()
	t.Cleanup(local.Close)
	eventually(t, "the service is back", func() bool { return !strings.Contains(x.screen(), "refused for") })
	x.press("L")
	x.see(`INFO\s+endpoint online`)
	x.press("q", "q")
	x.see(`1 request, 1 failed`)
}

// Lines stand on a terminal, too, for those who have it read out.
func TestLinesForScreenReaders(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 140, 30)
	x.say("ACCESSIBLE=1 adit http " + port)
	x.see(`ready name=command_line url=(\S+)`)
	x.press("C-c")
	x.see(`(?s)prompt>\s*$`)
}

// ctrl-z gives the terminal back, fg takes it again, and the tunnel goes on.
func TestSuspend(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 100, 30)
	x.say("adit http " + port)
	url := x.see(forwarding)[1]
	x.press("C-z")
	x.see(`Stopped`)
	x.say("echo mar''ker")
	x.see(`(?m)^marker`)
	x.say("fg")
	x.see(`Session Status\s+online`)
	if status, _ := get(t, url+"/after"); status != 200 {
		t.Errorf("status %d", status)
	}
	x.see(`GET\s+/after`)
	x.press("C-c")
	x.see(`(?s)prompt>\s*$`)
}

// While requests are finished after the dashboard was left, Ctrl+C ends at once.
func TestQuitDoesNotHold(t *testing.T) {
	release := make(chan bool)
	port := service(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release) }) // before the service is closed
	x := newTerminal(t, 100, 30)
	x.say("adit http " + port + "; echo code=$?")
	url := x.see(forwarding)[1]
	go func() {
		if a, err := http.Get(url + "/hangs"); err == nil {
			a.Body.Close()
		}
	}()
	x.see(`GET\s+/hangs`)
	x.press("q")
	x.see(`A request is in flight`)
	x.press("q")
	x.see(`finishing the requests that are under way`)
	x.press("C-c")
	x.see(`code=130`)
}

// In the background of a terminal there are lines; the tunnel does not freeze.
func TestBackground(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 140, 30)
	x.say("adit http " + port + " &")
	url := x.see(`ready name=command_line url=(\S+)`)[1]
	if status, _ := get(t, url+"/x"); status != 200 {
		t.Errorf("status %d", status)
	}
	x.say("jobs")
	x.see(`Running`)
	x.say("kill %1; wait %1; echo code=$?")
	x.see(`code=0`)
}

// What was started in the background goes on when it is brought to the front, and ctrl-z there stops nothing but what the person sees stop.
func TestBackgroundToFront(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	x := newTerminal(t, 140, 30)
	x.say("adit http " + port + " &")
	url := x.see(`ready name=command_line url=(\S+)`)[1]
	x.say("fg; echo code=$?")
	if status, _ := get(t, url+"/front"); status != 200 {
		t.Errorf("status %d", status)
	}
	x.see(`path=/front status=200`)
	x.press("C-z")
	x.see(`Stopped`)
	x.say("bg")
	if status, _ := get(t, url+"/back"); status != 200 {
		t.Errorf("status %d", status)
	}
	x.see(`path=/back status=200`)
	x.say("fg; echo last=$?")
	x.see(`last=\$\?\s+adit http`) // the shell says so when it has put it in front
	x.press("C-c")
	x.see(`last=130`)
}

// Asking for the version touches no terminal.
func TestVersionAsksNothing(t *testing.T) {
	x := newTerminal(t, 80, 24)
	x.say("adit --version | cat -v; adit --version > \"$HOME/out\"; cat -v \"$HOME/out\"")
	x.see(`(?s)adit version \S+\s+adit version \S+\s+prompt>`)
}
