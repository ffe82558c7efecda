package e2e

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func hello(w http.ResponseWriter, q *http.Request) {
	b, _ := io.ReadAll(q.Body)
	fmt.Fprintf(w, "%s %s %s %s", q.Method, q.URL, q.Host, b)
}

func TestEmbeddedRelay(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	p := start(t, nil, "http", port, "--no-tui")
	url := p.ready()
	if !strings.HasPrefix(url, "http://localhost:") {
		t.Fatalf("URL %q", url)
	}
	if status, body := get(t, url+"/a?b=c"); status != 200 || body != "GET /a?b=c "+strings.TrimPrefix(url, "http://")+" " {
		t.Errorf("answer %d %q", status, body)
	}
	p.waitFor(p.stdout, `method=GET .*status=200`)
	public := strings.TrimPrefix(url, "http://localhost:")
	for _, address := range []string{"127.0.0.1", "[::1]"} {
		if status, _ := get(t, "http://"+address+":"+public+"/x"); status != 200 {
			t.Errorf("%s answers %d", address, status)
		}
	}
	need(t, "curl")
	out, err := exec.Command("curl", "-sS", "-m", "10", "http://command-line.localhost:"+public+"/alias").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "GET /alias") {
		t.Errorf("the alias: %v %s", err, out)
	}
	p.signal(syscall.SIGTERM)
	if c := p.code(); c != 0 {
		t.Errorf("exit code %d after SIGTERM", c)
	}
}

func TestInterruptedHeadless(t *testing.T) {
	p := start(t, nil, "http", service(t, http.HandlerFunc(hello)), "--no-tui")
	p.ready()
	p.signal(syscall.SIGINT)
	if c := p.code(); c != 130 {
		t.Errorf("exit code %d after SIGINT", c)
	}
}

// The same agent gets the same URL after a restart; two at once are two agents.
func TestSameURLAgain(t *testing.T) {
	env := cleanEnv(t)
	port := service(t, http.HandlerFunc(hello))
	p := start(t, env, "http", port, "--no-tui")
	first := p.ready()
	second := start(t, env, "http", port, "--no-tui").ready()
	if first == second {
		t.Errorf("two agents share %s", first)
	}
	p.signal(syscall.SIGKILL)
	p.code()
	if again := start(t, env, "http", port, "--no-tui").ready(); again != first {
		t.Errorf("URL was %s, is %s after a restart", first, again)
	}
}

func TestNothingListens(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	p := start(t, nil, "http", "localhost:1", "--no-tui")
	url := p.ready()
	q, _ := http.NewRequest("GET", url+"/", nil)
	q.Header.Set("Accept", "text/html")
	status, body := fetch(t, q)
	if status != 502 || !strings.Contains(body, "ADIT-2001") || !strings.Contains(body, "localhost:1") || !strings.Contains(body, "<html") {
		t.Errorf("answer %d %q", status, body)
	}
	q.Header.Set("Accept", "application/json")
	if _, body := fetch(t, q); !strings.HasPrefix(body, "{") {
		t.Errorf("JSON answer %q", body)
	}
	p.waitFor(p.stdout, `status=502`)
	_ = port
}

// TestHangupTwice: a window that closes sends SIGHUP twice, and what is on its way still ends well.
func TestHangupTwice(t *testing.T) {
	came, answer := make(chan struct{}), make(chan struct{})
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(came)
		<-answer
		hello(w, r)
	}))
	letGo := sync.OnceFunc(func() { close(answer) })
	t.Cleanup(letGo) // or a failure waits for the service, and the service for ever
	p := start(t, nil, "http", port, "--no-tui")
	url := p.ready()
	status := make(chan int, 1)
	go func() {
		res, err := http.Get(url + "/")
		if err != nil {
			t.Error(err)
			status <- 0
			return
		}
		_ = res.Body.Close()
		status <- res.StatusCode
	}()
	<-came
	p.signal(syscall.SIGHUP)
	eventually(t, "adit takes no new connections", func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	p.signal(syscall.SIGHUP)
	letGo()
	if s, c := <-status, p.code(); s != 200 || c != 0 {
		t.Errorf("the answer is %d, the exit code %d", s, c)
	}
}

// Without a terminal, in CI and on a dumb terminal there are lines, never an error.
func TestLinesWithoutTerminal(t *testing.T) {
	port := service(t, http.HandlerFunc(hello))
	for name, extra := range map[string][]string{"pipe": nil, "CI": {"CI=true"}, "dumb": {"TERM=dumb"}} {
		t.Run(name, func(t *testing.T) {
			p := start(t, append(cleanEnv(t), extra...), "http", port)
			p.ready()
			p.signal(syscall.SIGTERM)
			if c := p.code(); c != 0 {
				t.Errorf("exit code %d", c)
			}
		})
	}
}
