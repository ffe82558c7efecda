package e2e

import (
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// publicRelay is a relay with a domain and a token file.
type publicRelay struct {
	*process
	http, agents, pin, token string
	https                    string // "" without --https
	env                      []string
	args                     []string
}

func relay(t *testing.T, extra ...string) *publicRelay {
	t.Helper()
	env := cleanEnv(t)
	tokens := filepath.Join(t.TempDir(), "tokens")
	create := start(t, env, "relay", "token", "create", "--account", "acme", "--plan", "free", "--token-file", tokens)
	if c := create.code(); c != 0 {
		t.Fatalf("token create: exit code %d", c)
	}
	token := strings.TrimSpace(create.stdout.text())
	if data, err := os.ReadFile(tokens); err != nil || token == "" || strings.Contains(string(data), token) {
		t.Fatalf("the file must hold the token's hash alone (%v)", err)
	}
	args := append([]string{"relay", "--domain", "tunnel.test", "--http", "127.0.0.1:0", "--agents", "127.0.0.1:0",
		"--admin", "127.0.0.1:0", "--token-file", tokens, "--state-dir", t.TempDir(), "--region", "eu-1"}, extra...)
	r := &publicRelay{process: start(t, env, args...), token: token, env: env, args: args}
	m := r.waitFor(r.stdout, `^ready http=(\S+)(?: https=(\S+))? agents=(\S+) pin=(\S+)`)
	r.http, r.https, r.agents, r.pin = m[1], m[2], m[3], m[4]
	return r
}

// agentArgs are the flags that join the relay.
func (r *publicRelay) agentArgs(more ...string) []string {
	return append([]string{"--relay", r.agents, "--relay-pin", r.pin, "--authtoken", r.token, "--no-tui"}, more...)
}

// roots are what "adit ca print" prints for this relay.
func (r *publicRelay) roots(t *testing.T) *x509.CertPool {
	t.Helper()
	return rootsOf(t, r.env, r.args[slices.Index(r.args, "--state-dir")+1])
}

func rootsOf(t *testing.T, env []string, stateDir string) *x509.CertPool {
	t.Helper()
	p := start(t, env, "ca", "print", "--state-dir", stateDir)
	if c := p.code(); c != 0 {
		t.Fatalf("adit ca print: exit code %d", c)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM([]byte(p.stdout.text())) {
		t.Fatalf("adit ca print: %q", p.stdout.text())
	}
	return pool
}

// request asks for an endpoint by its URL, dialling the relay itself: tunnel.test is not in the DNS.
func (r *publicRelay) request(t *testing.T, url, path string) *http.Request {
	t.Helper()
	q, err := http.NewRequest("GET", "http://"+r.http+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Host = strings.TrimPrefix(url, "http://")
	return q
}

func TestPublicRelay(t *testing.T) {
	r := relay(t)
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Seen", q.Header.Get("X-Forwarded-For")+" "+q.Header.Get("X-Forwarded-Proto")+" "+q.Header.Get("X-Forwarded-Host"))
		hello(w, q)
	}))
	p := start(t, nil, append([]string{"http", port}, r.agentArgs()...)...)
	url := p.ready()
	if !strings.HasPrefix(url, "http://") || !strings.Contains(url, ".tunnel.test:") {
		t.Fatalf("URL %q", url)
	}
	if status, body := fetch(t, r.request(t, url, "/public")); status != 200 || !strings.HasPrefix(body, "GET /public ") {
		t.Errorf("answer %d %q", status, body)
	}
	r.waitFor(r.stdout, `status=200`) // the access log
	unknown := r.request(t, "http://nobody.tunnel.test", "/")
	if status, body := fetch(t, unknown); status != 404 || !strings.Contains(body, "ADIT-3001") {
		t.Errorf("unknown host: %d %q", status, body)
	}
	r.signal(syscall.SIGTERM)
	if c := r.code(); c != 0 {
		t.Errorf("the relay's exit code is %d", c)
	}
	if out := r.stdout.text() + r.stderr.text() + p.stdout.text() + p.stderr.text(); strings.Contains(out, r.token) {
		t.Error("the token is in some output")
	}
}

func TestRefusals(t *testing.T) {
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	wrongPin := "sha256:" + strings.Repeat("0", 64)
	for name, x := range map[string]struct {
		args []string
		code int
		says string
	}{
		"wrong token": {[]string{"--relay", r.agents, "--relay-pin", r.pin, "--authtoken", "adit_wrong"}, 3, "ADIT-1002"},
		"no token":    {[]string{"--relay", r.agents, "--relay-pin", r.pin}, 3, "ADIT-1003"},
		"wrong pin":   {[]string{"--relay", r.agents, "--relay-pin", wrongPin, "--authtoken", r.token}, 3, "ADIT-1008"},
		"no pin":      {[]string{"--relay", r.agents, "--authtoken", r.token}, 3, "ADIT-1009"},
		"nobody":      {[]string{"--relay", "127.0.0.1:1", "--authtoken", r.token, "--give-up", "1s"}, 4, "gave up"},
	} {
		t.Run(name, func(t *testing.T) {
			p := start(t, nil, append([]string{"http", port, "--no-tui"}, x.args...)...)
			if c := p.code(); c != x.code {
				t.Errorf("exit code %d, want %d", c, x.code)
			}
			if !strings.Contains(p.stderr.text(), x.says) {
				t.Errorf("stderr does not say %q:\n%s", x.says, p.stderr.text())
			}
		})
	}
}

// A relay without tokens does not listen to strangers.
func TestRelayRefusesToBeOpen(t *testing.T) {
	p := start(t, nil, "relay", "--domain", "tunnel.test", "--http", "127.0.0.1:0", "--agents", "0.0.0.0:0")
	if c := p.code(); c != 2 {
		t.Errorf("exit code %d", c)
	}
	if !strings.Contains(p.stderr.text(), "token") {
		t.Errorf("stderr: %s", p.stderr.text())
	}
}

// Relay and agent come back under the same name, whoever was restarted.
func TestSameNameAfterRelayRestart(t *testing.T) {
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	p := start(t, nil, append([]string{"http", port}, r.agentArgs()...)...)
	url := p.ready()
	r.signal(syscall.SIGKILL)
	r.code()
	args := append([]string(nil), r.args...)
	for i := range args {
		switch args[i] {
		case "--http":
			args[i+1] = r.http
		case "--agents":
			args[i+1] = r.agents
		}
	}
	again := start(t, r.env, args...)
	m := again.waitFor(again.stdout, `^ready .* pin=(\S+)`)
	if m[1] != r.pin {
		t.Errorf("pin was %s, is %s", r.pin, m[1])
	}
	eventually(t, "the endpoint answers again", func() bool {
		a, err := http.DefaultTransport.RoundTrip(r.request(t, url, "/again"))
		if err != nil {
			return false
		}
		defer a.Body.Close()
		return a.StatusCode == 200
	})
}
