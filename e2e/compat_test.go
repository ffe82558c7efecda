package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// ngrokFile is adit under the name ngrok.
func ngrokFile(t *testing.T) string {
	t.Helper()
	link := filepath.Join(t.TempDir(), "ngrok")
	if err := os.Symlink(self(t), link); err != nil {
		t.Fatal(err)
	}
	return link
}

// asNgrok runs adit under that name.
func asNgrok(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	if env == nil {
		env = cleanEnv(t)
	}
	return launch(t, env, exec.Command(ngrokFile(t), args...))
}

// compatEnv leads whoever is told of no relay to r.
func (r *publicRelay) compatEnv(t *testing.T) []string {
	return append(cleanEnv(t), "ADIT_RELAY="+r.agents, "ADIT_RELAY_PIN="+r.pin, "ADIT_AUTHTOKEN="+r.token)
}

// words splits a line as a POSIX shell does, and Python's shlex with it: pyngrok and java-ngrok read ngrok's log like that.
func words(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	open, quote, escaped := false, rune(0), false
	for _, r := range line {
		switch {
		case escaped:
			if quote != 0 && r != '"' && r != '\\' {
				word.WriteByte('\\')
			}
			word.WriteRune(r)
			escaped = false
		case quote == 0 && r == ' ':
			if open {
				out = append(out, word.String())
			}
			word.Reset()
			open = false
		case r == '\\' && quote != '\'':
			escaped, open = true, true
		case quote == 0 && (r == '"' || r == '\''):
			quote, open = r, true
		case r == quote:
			quote = 0
		default:
			word.WriteRune(r)
			open = true
		}
	}
	if escaped || quote != 0 {
		return nil, fmt.Errorf("no closing quotation in %s", line)
	}
	if open {
		out = append(out, word.String())
	}
	return out, nil
}

// logLine reads a line as the client libraries do; a key that stands twice is too much for one of them.
func logLine(t *testing.T, line string) map[string]string {
	t.Helper()
	all, err := words(line)
	if err != nil {
		t.Errorf("nobody can read the line: %v", err)
	}
	out := map[string]string{}
	for _, w := range all {
		key, value, ok := strings.Cut(w, "=")
		if _, twice := out[key]; !ok || twice || key == "" {
			t.Errorf("%q in %s", w, line)
		}
		out[key] = value
	}
	if out["t"] == "" || out["lvl"] == "" || out["msg"] == "" {
		t.Errorf("%s has no time, level or message", line)
	}
	return out
}

// healthy waits for what pyngrok and java-ngrok wait for, and returns the API's address. At the moment the last line has come, the API must answer.
func (p *process) healthy(list string) (api string) {
	p.t.Helper()
	api = "http://" + p.waitFor(p.stdout, `msg="starting web service".* addr=(\d+\.\d+\.\d+\.\d+:\d+)`)[1]
	p.waitFor(p.stdout, `client session established`)
	p.waitFor(p.stdout, `tunnel session started`)
	if status, body := get(p.t, api+list); status != 200 {
		p.t.Errorf("%s answers %d %s", list, status, body)
	}
	return api
}

// compatLines are the lines of a good start and a visit, with their keys in ngrok's order: some readers look for "obj=csess", some for whole lines.
var compatLines = []string{
	`msg="starting web service" obj=web addr=127\.0\.0\.1:\d+ allow_hosts=\[\]`,
	`msg="client session established" obj=csess id=[0-9a-f]{12}`,
	`msg="tunnel session started" obj=tunnels\.session`,
	`msg=start pg=/api/tunnels id=[0-9a-f]{16}`,
	`msg="started tunnel" obj=tunnels name=.+ addr=http://localhost:\d+ url=http://\S+`,
	`msg=end pg=/api/tunnels id=[0-9a-f]{16} status=201 dur=\S+`,
	`msg="join connections" obj=join id=[0-9a-f]{12} l=localhost:\d+ r=127\.0\.0\.1:\d+`,
}

// order says that lines with these texts stand behind each other.
func order(t *testing.T, log string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		_, rest, ok := strings.Cut(log, text)
		if !ok {
			t.Fatalf("no %q in its place in\n%s", text, log)
		}
		log = rest
	}
}

// TestCompatStart: the log of an agent that starts, as its readers need it; nothing on standard error, and an end without a fault.
func TestCompatStart(t *testing.T) {
	r := relay(t)
	p := asNgrok(t, r.compatEnv(t), "start", "--none", "--log", "stdout", "--region=us")
	api := p.healthy("/api/endpoints")
	port := service(t, http.HandlerFunc(hello))
	q, _ := http.NewRequest("POST", api+"/api/tunnels", strings.NewReader(`{"name":"http 'x' \"y\"","addr":`+port+`,"proto":"http","nobody knows":true}`))
	q.Header.Set("Content-Type", "application/json")
	status, body := fetch(t, q)
	var tunnel struct {
		URI       string
		PublicURL string `json:"public_url"`
	}
	decode(t, body, &tunnel)
	if status != 201 {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := fetch(t, r.request(t, tunnel.PublicURL, "/a")); status != 200 || !strings.HasPrefix(body, "GET /a ") {
		t.Errorf("%d %q", status, body)
	}
	p.waitFor(p.stdout, `msg="join connections"`)
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if text := p.stderr.text(); text != "" {
		t.Errorf("standard error: %s", text)
	}
	log := p.stdout.text()
	order(t, log, "starting web service", "client session established", "tunnel session started", "started tunnel", "join connections")
	all, _ := p.stdout.snapshot()
	for _, line := range all {
		l := logLine(t, line)
		if l["msg"] == "started tunnel" && (l["name"] != `http 'x' "y"` || l["addr"] != "http://localhost:"+port || l["url"] != tunnel.PublicURL || l["obj"] != "tunnels") {
			t.Errorf("%v", l)
		}
	}
	for _, line := range compatLines {
		if !regexp.MustCompile(`(?m)^t=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} lvl=info ` + line + `$`).MatchString(log) {
			t.Errorf("there is no line %s", line)
		}
	}
	if strings.Contains(log, "lvl=eror") || strings.Contains(log, r.token) {
		t.Errorf("%s", log)
	}
}

// TestCompatTCP: a tcp tunnel as a client library starts one, whose address has no scheme in the API, and ngrok's line for each connection.
func TestCompatTCP(t *testing.T) {
	p := asNgrok(t, nil, "start", "--none", "--log", "stdout")
	api := p.healthy("/api/tunnels")
	port := greeter(t)
	q, _ := http.NewRequest("POST", api+"/api/tunnels", strings.NewReader(`{"name":"tcp-22-x","addr":"`+port+`","proto":"tcp"}`))
	q.Header.Set("Content-Type", "application/json")
	status, body := fetch(t, q)
	var tunnel struct {
		PublicURL string `json:"public_url"`
		Proto     string
		Config    struct{ Addr string }
	}
	if decode(t, body, &tunnel); status != 201 || tunnel.Proto != "tcp" || tunnel.Config.Addr != "localhost:"+port {
		t.Fatalf("%d %s", status, body)
	}
	if _, body := get(t, api+"/api/endpoints/tcp-22-x"); !strings.Contains(body, `"upstream":{"url":"tcp://localhost:`+port+`"}`) {
		t.Errorf("the endpoint is %s", body)
	}
	for range 2 {
		c, err := net.Dial("tcp", strings.TrimPrefix(tunnel.PublicURL, "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(c); err != nil || string(text) != "hello\n" {
			t.Errorf("%q %v", text, err)
		}
		p.waitFor(p.stdout, ` lvl=info msg="join connections" obj=join id=[0-9a-f]{12} l=localhost:`+port+` r=`+regexp.QuoteMeta(c.LocalAddr().String())+`$`)
		_ = c.Close()
	}
	p.waitFor(p.stdout, `msg="started tunnel" obj=tunnels name=tcp-22-x addr=tcp://localhost:`+port+` url=`+regexp.QuoteMeta(tunnel.PublicURL)+`$`)
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 0 || p.stderr.text() != "" {
		t.Errorf("exit code %d, standard error: %s", code, p.stderr.text())
	}
	all, _ := p.stdout.snapshot()
	for _, line := range all {
		logLine(t, line)
	}
	if n := strings.Count(p.stdout.text(), `msg="join connections"`); n != 2 {
		t.Errorf("two connections have %d lines", n)
	}
}

// greeter is a service that says hello to each connection, and returns its port.
func greeter(t *testing.T) (port string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for c, err := ln.Accept(); err == nil; c, err = ln.Accept() {
			_, _ = io.WriteString(c, "hello\n")
			_ = c.Close()
		}
	}()
	return strconv.Itoa(ln.Addr().(*net.TCPAddr).Port)
}

// TestCompatHTTP: the command that scripts run, with the log in JSON: the first line with an addr is the web service's.
func TestCompatHTTP(t *testing.T) {
	p := asNgrok(t, nil, "http", "8000", "--log=stdout", "--log-format=json")
	p.waitFor(p.stdout, `"started tunnel"`)
	all, _ := p.stdout.snapshot()
	addr := ""
	for _, line := range all {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if a, ok := l["addr"].(string); ok && addr == "" {
			if addr = a; l["msg"] != "starting web service" {
				t.Errorf("the first addr stands in %s", line)
			}
		}
		if l["msg"] == "started tunnel" && (l["name"] != "command_line" || l["addr"] != "http://localhost:8000" || !strings.HasPrefix(l["url"].(string), "http://")) {
			t.Errorf("%v", l)
		}
	}
	if !regexp.MustCompile(`^127\.0\.0\.1:\d+$`).MatchString(addr) {
		t.Errorf("addr %q", addr)
	}
}

// TestCompatFileLog: the file says where the log goes and what it looks like. It holds everything that is said, from the first line on: what was read, too,
// and why one of the endpoints is left out.
func TestCompatFileLog(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "ngrok.yml")
	text := `version: "2"
log: stdout
log_format: json
tunnels:
  left: {proto: http, addr: 8000, oauth: {provider: google}}
  web: {proto: http, addr: 8000}
`
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p := asNgrok(t, nil, "start", "--all", "--config", conf)
	p.waitFor(p.stdout, `"started tunnel"`)
	p.signal(syscall.SIGTERM)
	if code := p.code(); code != 1 {
		t.Errorf("exit code %d", code)
	}
	all, _ := p.stdout.snapshot()
	for _, line := range all {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	order(t, p.stdout.text(), `"open config file"`, `oauth.provider`, `"starting web service"`, `"started tunnel"`)
	if text := p.stderr.text(); text != "" {
		t.Errorf("standard error: %s", text)
	}
}

// TestCompatReconnects: what watchdogs look for.
func TestCompatReconnects(t *testing.T) {
	r := relay(t)
	p := asNgrok(t, r.compatEnv(t), "http", "8000", "--log=stdout")
	p.waitFor(p.stdout, `started tunnel`)
	r.signal(syscall.SIGKILL)
	line := p.waitFor(p.stdout, `.*session closed, starting reconnect loop.*`)[0]
	if l := logLine(t, line); l["lvl"] != "eror" || l["obj"] != "tunnels.session" || l["err"] == "" {
		t.Errorf("%v", l)
	}
	if text := p.stderr.text(); text != "" {
		t.Errorf("standard error: %s", text)
	}
}

// TestCompatUnread: a program that starts the agent and never reads its log gets answers all the same, and the agent ends when it is asked to.
func TestCompatUnread(t *testing.T) {
	web, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := web.Addr().String()
	web.Close()
	conf := filepath.Join(t.TempDir(), "ngrok.yml")
	if err := os.WriteFile(conf, []byte("version: \"2\"\nweb_addr: "+addr+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, end := startUnread(t, exec.Command(ngrokFile(t), "http", "8000", "--log=stdout", "--config="+conf))
	eventually(t, "the API answers", func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	for range 1000 { // two lines each: more than a pipe holds
		if status, body := get(t, "http://"+addr+"/api/tunnels"); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
	}
	end()
}

// TestCompatFailures: what client libraries show of a start that fails, where they look for it.
func TestCompatFailures(t *testing.T) {
	r := relay(t)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	taken := filepath.Join(t.TempDir(), "ngrok.yml")
	if err := os.WriteFile(taken, fmt.Appendf(nil, "version: \"2\"\nweb_addr: %s\n", busy.Addr()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		args []string
		says string
	}{
		"web address": {[]string{"start", "--none", "--log=stdout", "--config", taken}, fmt.Sprintf("%d: bind: address already in use", busy.Addr().(*net.TCPAddr).Port)},
		"token":       {[]string{"start", "--none", "--log=stdout", "--authtoken=adit_wrong"}, "ADIT-1002"},
		"flag":        {[]string{"http", "80", "--log=stdout", "--nobody-knows"}, "unknown flag"},
		"no file":     {[]string{"start", "--none", "--log=stdout", "--config=/does/not/exist.yml"}, "exist.yml"},
	} {
		t.Run(name, func(t *testing.T) {
			p := asNgrok(t, r.compatEnv(t), x.args...)
			if code := p.code(); code != 1 {
				t.Errorf("exit code %d", code)
			}
			found := false
			all, _ := p.stdout.snapshot()
			for _, line := range all {
				l := logLine(t, line)
				found = found || l["lvl"] == "eror" && strings.Contains(l["err"], x.says)
			}
			if !found {
				t.Errorf("the log has no err with %q", x.says)
			}
			all, _ = p.stderr.snapshot()
			for _, line := range all {
				if !strings.HasPrefix(line, "ERROR:") {
					t.Errorf("standard error: %s", line)
				}
			}
			if len(all) == 0 || all[len(all)-1] != "ERROR:" || !strings.Contains(p.stderr.text(), x.says) {
				t.Errorf("standard error does not say %q, or ends otherwise", x.says)
			}
		})
	}
}

// TestCompatLogfmt: the reader above reads as Python does.
func TestCompatLogfmt(t *testing.T) {
	for line, want := range map[string][]string{
		`a=b msg="c d" e=""`:          {"a=b", "msg=c d", "e="},
		`err="say \"no\" \\ \n it's"`: {`err=say "no" \ \n it's`},
		`a='b "c'`:                    {`a=b "c`},
	} {
		if got, err := words(line); err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: %q %v", line, got, err)
		}
	}
	for _, line := range []string{`a="b`, `it's`, `a=\`} {
		if got, err := words(line); err == nil {
			t.Errorf("%s: %q", line, got)
		}
	}
}
