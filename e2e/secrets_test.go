package e2e

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNoSecretIsLogged plants markers wherever visitors, services and owners keep secrets, lets good and bad requests pass, and looks for the markers in all
// that relay and agent leave: logs, access log, lines on standard output, files for scripts, command lines, and what a crash says. Captures are there to hold what
// passed.
func TestNoSecretIsLogged(t *testing.T) {
	for _, level := range []string{"info", "debug"} {
		t.Run(level, func(t *testing.T) {
			t.Parallel()
			s := newSecrets(t, level)
			s.visit()
			s.fail()
			s.search()
		})
	}
}

// marker is what no log may hold.
const marker = "mArKeR"

// password is that of the endpoint and of the local API, and carries the marker as everything does.
const password = marker + "-password"

type secrets struct {
	t      *testing.T
	level  string
	dir    string // of all that is written
	relay  *publicRelay
	agent  *process
	url    string
	broken string // URL of an endpoint whose service talks nonsense
	gone   string // URL of an endpoint whose service is not there
	others []*process
}

func newSecrets(t *testing.T, level string) *secrets {
	s := &secrets{t: t, level: level, dir: t.TempDir()}
	s.relay = relay(t, "--log", s.file("relay.log"), "--log-level", level, "--access-log", s.file("access.log"))
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Set-Cookie", "session="+marker)
		w.WriteHeader(500)
		_, _ = w.Write([]byte(marker))
	}))
	config := filepath.Join(t.TempDir(), "adit.yml")
	text := fmt.Sprintf(`version: 3
agent:
  relay: %s
  relay_pin: %s
  authtoken: %s
  web_password: %s
  webhook_secrets: {stripe: "%s-webhook"}
endpoints:
  - {name: web, upstream: {url: %s}, basic_auth: ["ann:%s"], metadata: "%s"}
  - {name: broken, upstream: {url: "%s"}}
  - {name: gone, upstream: {url: 1}}
`, s.relay.agents, s.relay.pin, s.relay.token, password, marker, port, password, marker, s.nonsense())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.agent = start(t, nil, "start", "--all", "--config", config, "--no-tui", "--web-addr", "127.0.0.1:0", "--state-dir", s.file("state"),
		"--log", s.file("agent.log"), "--log-level", level, "--ready-file", s.file("ready.json"), "--url-file", s.file("urls"))
	s.url = s.agent.waitFor(s.agent.stdout, `^ready name=web url=(\S+)`)[1]
	s.broken = s.agent.waitFor(s.agent.stdout, `^ready name=broken url=(\S+)`)[1]
	s.gone = s.agent.waitFor(s.agent.stdout, `^ready name=gone url=(\S+)`)[1]
	return s
}

func (s *secrets) file(name string) string { return filepath.Join(s.dir, name) }

// nonsense is the address of a service whose answers are none, and full of markers.
func (s *secrets) nonsense() string {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for n := 0; ; n++ {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			answers := []string{
				marker + "\r\n\r\n",
				"HTTP/1.1 200 OK\r\n" + marker + "\r\n\r\n",
				"HTTP/1.1 200 OK\r\nContent-Length: " + marker + "\r\n\r\n",
				"HTTP/1.1 200 OK\r\nX: " + marker + "\r\nTransfer-Encoding: chunked\r\n\r\n" + marker + "\r\n",
			}
			_, _ = c.Read(make([]byte, 4096)) // the request, all of it: it is small
			_, _ = c.Write([]byte(answers[n%len(answers)]))
			_ = c.Close()
		}
	}()
	return "http://" + ln.Addr().String()
}

// ask sends a request full of markers and returns the answer's status.
func (s *secrets) ask(url, method, password string) int {
	s.t.Helper()
	q, err := http.NewRequest(method, "http://"+s.relay.http+"/path?token="+marker, strings.NewReader(marker))
	if err != nil {
		s.t.Fatal(err)
	}
	q.Host = strings.TrimPrefix(url, "http://")
	q.Header.Set("Cookie", "session="+marker)
	q.Header.Set("Referer", "http://x.test/?"+marker)
	q.Header.Set("X-Api-Key", marker)
	q.Header.Set("User-Agent", marker)
	if password != "" {
		q.SetBasicAuth("ann", password)
	}
	status, _ := fetch(s.t, q)
	return status
}

// visit lets requests pass, and be turned away.
func (s *secrets) visit() {
	for _, x := range []struct {
		what, url, password string
		status              int
	}{
		{"a request that passes", s.url, password, 500},
		{"a wrong password", s.url, marker + "-wrong", 401},
		{"an unknown host", "http://nobody.tunnel.test", "", 404},
		{"no service", s.gone, "", 502},
		{"no status line", s.broken, "", 502},
		{"no header field", s.broken, "", 502},
		{"no length", s.broken, "", 502},
	} {
		if got := s.ask(x.url, "POST", x.password); got != x.status {
			s.t.Errorf("%s: status %d, want %d", x.what, got, x.status)
		}
	}
	s.raw("GET /?"+marker+" HTTP/1.1\r\nHost: x\r\n"+marker+"\r\n\r\n", "400")
	s.raw("GET /?"+marker+" HTTP/1.1\r\nHost: x\r\nContent-Length: "+marker+"\r\n\r\n", "400")
	s.raw(marker+" /?"+marker+" HTTP/7.7\r\n\r\n", "")
	s.raw("GET /?"+marker+" HTTP/1.1\r\nHost: "+strings.TrimPrefix(s.broken, "http://")+"\r\n\r\n", "200") // the fourth nonsense: a chunk that is none
}

// raw sends bytes that no client would, and wants the status in the answer.
func (s *secrets) raw(text, status string) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.relay.http)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(text)); err != nil {
		s.t.Fatal(err)
	}
	var answer bytes.Buffer
	_ = c.(*net.TCPConn).CloseWrite()
	_, _ = answer.ReadFrom(c) // a reset is an end, too
	if status != "" && !strings.HasPrefix(answer.String(), "HTTP/1.1 "+status) {
		s.t.Errorf("%.40q is answered %.40q", text, answer.String())
	}
}

// fail has agents refused, a diagnosis made, and the agent crash.
func (s *secrets) fail() {
	port := service(s.t, http.HandlerFunc(hello))
	env := append(cleanEnv(s.t), "ADIT_AUTHTOKEN=adit_"+marker)
	s.run(3, env, "http", port, "--no-tui", "--relay", s.relay.agents, "--relay-pin", s.relay.pin, "--log-level", s.level, "--log", s.file("refused.log"))
	s.run(1, env, "diagnose", "--web-addr", "false", "--relay", s.relay.agents, "--relay-pin", s.relay.pin, "--write-report", s.file("report.json"))
	s.run(1, nil, "status", "--json", "--api", strings.TrimPrefix(s.agent.api(), "http://"))
	s.run(0, append(cleanEnv(s.t), "ADIT_WEB_PASSWORD="+password), "status", "--json", "--api", strings.TrimPrefix(s.agent.api(), "http://"))
	s.agent.waitFor(s.agent.stdout, `endpoint=broken .* status=200`)
	for _, name := range []string{"ready.json", "urls"} { // they go with a decent end
		s.copy(name)
	}
	s.noCommandLine()
	s.agent.signal(syscall.SIGQUIT)
	<-s.agent.ended
}

func (s *secrets) run(code int, env []string, args ...string) {
	s.t.Helper()
	p := start(s.t, env, args...)
	if c := p.code(); c != code {
		s.t.Errorf("%s: exit code %d, want %d", args[0], c, code)
	}
	s.others = append(s.others, p)
}

func (s *secrets) copy(name string) {
	s.t.Helper()
	var data []byte
	eventually(s.t, name+" is there", func() bool {
		var err error
		data, err = os.ReadFile(s.file(name))
		return err == nil
	})
	if err := os.WriteFile(s.file("copy-of-"+name), data, 0o600); err != nil {
		s.t.Error(err)
	}
}

// noCommandLine looks at what every user of the machine can see.
func (s *secrets) noCommandLine() {
	line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.agent.cmd.Process.Pid))
	if err == nil && (bytes.Contains(line, []byte(marker)) || bytes.Contains(line, []byte(s.relay.token))) {
		s.t.Errorf("the agent's command line: %q", line)
	}
}

// search looks everywhere for the markers and the token, and for words that prove that it looked at the right places.
func (s *secrets) search() {
	all := map[string]string{
		"relay's stdout": s.relay.stdout.text(), "relay's stderr": s.relay.stderr.text(),
		"agent's stdout": s.agent.stdout.text(), "agent's stderr": s.agent.stderr.text(),
	}
	for i, p := range s.others {
		all[fmt.Sprintf("output of the other process %d", i)] = p.stdout.text() + p.stderr.text()
	}
	err := filepath.WalkDir(s.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "captures" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all[strings.TrimPrefix(path, s.dir)] = string(data)
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
	found := func(where, what string) bool {
		return strings.Contains(strings.ToLower(all[where]), strings.ToLower(what))
	}
	for _, x := range [][2]string{{"/access.log", `path="/path" status=401`}, {"/agent.log", "endpoint online"}, {"/relay.log", "agent online"},
		{"agent's stdout", "path=/path status=500"}, {"agent's stderr", "SIGQUIT"}, {"/copy-of-ready.json", `"name": "gone"`}, {"/copy-of-urls", s.url}, {"/report.json", "BAD_TOKEN"}} {
		if !found(x[0], x[1]) {
			s.t.Errorf("%s does not say %q: %s", x[0], x[1], all[x[0]])
		}
	}
	basic := base64.StdEncoding.EncodeToString([]byte("ann:" + password))
	for where := range all {
		for _, secret := range []string{marker, s.relay.token, basic, basic[8:24]} {
			if found(where, secret) {
				s.t.Errorf("%s holds %q:\n%s", where, secret, all[where])
			}
		}
	}
}
