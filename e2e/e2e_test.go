// Package e2e tests adit through the front door: the real program, a real relay on 127.0.0.1, real sockets, a real terminal.
package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/cli"
)

// patience is how long a test waits for something that should happen soon. It only ends a test that would hang.
const patience = time.Minute

// beAdit makes the test binary run as adit, as main does: the program under test has the race detector, and the test cache knows what
// it is made of.
const beAdit = "TEST_BE_ADIT"

func TestMain(m *testing.M) {
	if os.Getenv(beCrowd) != "" {
		fmt.Fprintln(os.Stderr, crowdMain(os.Args[1:]))
		os.Exit(1)
	}
	if os.Getenv(beAdit) != "" {
		os.Exit(cli.Main(os.Args, cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}, os.Environ()))
	}
	if signal.Ignored(syscall.SIGHUP) { // as under nohup; what is handled here reaches the programs that tests start, what is ignored does not
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	code := m.Run()
	for _, f := range exits.all {
		f()
	}
	os.Exit(code)
}

// exits are what is to be done when all tests are over.
var exits struct {
	sync.Mutex
	all []func()
}

// atExit has f called when all tests are over.
func atExit(f func()) {
	exits.Lock()
	defer exits.Unlock()
	exits.all = append(exits.all, f)
}

// cleanEnv is an environment of a person at a terminal: no CI, a home of its own.
func cleanEnv(t *testing.T) []string {
	t.Helper()
	home := t.TempDir()
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TERM=xterm-256color", "TMPDIR=" + t.TempDir(), "LANG=C.UTF-8", "GORACE=halt_on_error=1 exitcode=66 atexit_sleep_ms=0"}
}

// process is a running adit.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdout *lines
	stderr *lines
	ended  chan struct{}
}

// lines collects a stream's lines and wakes those who wait for one.
type lines struct {
	mu   sync.Mutex
	all  []string
	more chan struct{} // closed and made anew with each line
}

func collect(r io.Reader, over *sync.WaitGroup) *lines {
	l := &lines{more: make(chan struct{})}
	over.Add(1)
	go func() {
		defer over.Done()
		s := bufio.NewScanner(r)
		s.Buffer(nil, 1<<20)
		for s.Scan() {
			l.mu.Lock()
			l.all = append(l.all, s.Text())
			close(l.more)
			l.more = make(chan struct{})
			l.mu.Unlock()
		}
	}()
	return l
}

func (l *lines) snapshot() ([]string, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.all), l.more
}

func (l *lines) text() string {
	all, _ := l.snapshot()
	return strings.Join(all, "\n")
}

// tail is the end of the text: a process under load says more than anybody reads.
func (l *lines) tail() string {
	all, _ := l.snapshot()
	return strings.Join(all[max(0, len(all)-100):], "\n")
}

// start runs adit with env (cleanEnv when nil) and ends it with the test.
func start(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	if env == nil {
		env = cleanEnv(t)
	}
	return launch(t, env, exec.Command(self(t), args...))
}

// self is this test's program, which is adit where beAdit is set.
func self(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// launch is start for a command that leads to adit in the end.
func launch(t *testing.T, env []string, cmd *exec.Cmd) *process {
	t.Helper()
	cmd.Env = append(slices.Clone(env), beAdit+"=1")
	cmd.Dir = t.TempDir()
	p := &process{t: t, cmd: cmd, ended: make(chan struct{})}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	errOut, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var over sync.WaitGroup
	p.stdout, p.stderr = collect(out, &over), collect(errOut, &over)
	go func() {
		over.Wait()
		_ = cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("adit %s\nstdout:\n%s\nstderr:\n%s", strings.Join(cmd.Args[1:], " "), p.stdout.tail(), p.stderr.tail())
		}
	})
	return p
}

// waitFor returns the submatches of the first line of l that matches.
func (p *process) waitFor(l *lines, pattern string) []string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	deadline := time.After(patience)
	for {
		all, more := l.snapshot()
		for _, line := range all {
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		}
		select {
		case <-more:
		case <-p.ended:
			if slices.ContainsFunc(func() []string { a, _ := l.snapshot(); return a }(), re.MatchString) {
				continue
			}
			p.t.Fatalf("adit ended without a line like %q", pattern)
		case <-deadline:
			p.t.Fatalf("no line like %q", pattern)
		}
	}
}

// ready waits for the ready line of the endpoint and returns its URL.
func (p *process) ready() string {
	p.t.Helper()
	return p.waitFor(p.stdout, `^ready .*url=(\S+)`)[1]
}

// code waits for the end and returns the exit code.
func (p *process) code() int {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Fatal("adit does not end")
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// service starts a local web service and returns its port.
func service(t *testing.T, h http.Handler) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: h, ConnContext: littleBuffered}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

// littleBuffered keeps the kernel from holding megabytes for each answer that nobody reads: hundreds of them put all TCP of the machine under pressure, and other
// tests with it.
func littleBuffered(ctx context.Context, c net.Conn) context.Context {
	_ = c.(*net.TCPConn).SetWriteBuffer(128 << 10) // it is only for the sake of others
	return ctx
}

// fetch gets an URL with a fresh connection and returns status and body.
func fetch(t *testing.T, q *http.Request) (int, string) {
	t.Helper()
	c := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true, DisableCompression: true}}
	a, err := c.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Body.Close()
	b, err := io.ReadAll(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return a.StatusCode, string(b)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	q, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return fetch(t, q)
}

// need skips the test when a program is missing; "make test" names it at the end.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, name := range programs {
		if _, err := exec.LookPath(name); err != nil {
			if _, err := os.Stat(filepath.Join("/usr/sbin", name)); err != nil {
				t.Skipf("%s is not installed", name)
			}
		}
	}
}

// eventually waits until f holds.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		}
	}
}
