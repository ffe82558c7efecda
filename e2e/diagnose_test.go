package e2e

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// diagnosis is the report that "adit diagnose" writes.
type diagnosis struct {
	Result string
	Checks []check
}

type check struct{ Section, Name, Verdict, Detail, Remedy string }

// verdicts are those of a section, by check.
func (d *diagnosis) verdicts(section string) map[string]string {
	all := map[string]string{}
	for _, c := range d.Checks {
		if strings.HasPrefix(c.Section, section) {
			all[c.Name] = c.Verdict
		}
	}
	return all
}

// diagnose runs it and reads the report.
func diagnose(t *testing.T, code int, env []string, args ...string) (d diagnosis, everything string) {
	t.Helper()
	report := filepath.Join(t.TempDir(), "report.json")
	p := start(t, env, append([]string{"diagnose", "--web-addr", "127.0.0.1:0", "--write-report", report}, args...)...)
	if c := p.code(); c != code {
		t.Errorf("%s: exit code %d, want %d", args, c, code)
	}
	data, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	decode(t, string(data), &d)
	return d, string(data) + p.stdout.text() + p.stderr.text()
}

// TestDiagnose: each thing that can be wrong is found where it is wrong, and no secret is told.
func TestDiagnose(t *testing.T) {
	t.Parallel()
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, nobody, _ := net.SplitHostPort(closed.Addr().String())
	_ = closed.Close()
	mute, err := net.Listen("tcp", "127.0.0.1:0") // the kernel accepts, nobody answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mute.Close() })
	pin := []string{"--relay", r.agents, "--relay-pin", r.pin}
	wrongPin := "sha256:" + strings.Repeat("0", 64)
	withToken := func(token string) []string { return append(cleanEnv(t), "ADIT_AUTHTOKEN="+token) }
	for name, x := range map[string]struct {
		env    []string
		args   []string
		code   int
		result string
		relay  map[string]string
		says   string
	}{
		"well": {withToken(r.token), append([]string{port}, pin...), 0, "ok",
			map[string]string{"Name resolution": "ok", "TCP": "ok", "TLS": "ok", "Protocol": "ok", "Clock": "ok"}, "account acme, plan free, region eu-1"},
		"token": {withToken("adit_" + strings.Repeat("M", 43)), pin, 1, "error",
			map[string]string{"Name resolution": "ok", "TCP": "ok", "TLS": "ok", "Protocol": "error", "Clock": "ok"}, "BAD_TOKEN"},
		"pin": {nil, []string{"--relay", r.agents, "--relay-pin", wrongPin}, 1, "error",
			map[string]string{"Name resolution": "ok", "TCP": "ok", "TLS": "error", "Clock": "ok"}, "PIN_MISMATCH"},
		"name": {nil, []string{"--relay", "nowhere.invalid"}, 1, "error", map[string]string{"Name resolution": "error"}, "nowhere.invalid"},
		"port": {nil, []string{"--relay", "127.0.0.1:" + nobody}, 1, "error", map[string]string{"Name resolution": "ok", "TCP": "error"}, "connection refused"},
		"no TLS": {nil, []string{"--relay", "127.0.0.1:" + port}, 1, "error",
			map[string]string{"Name resolution": "ok", "TCP": "ok", "TLS": "error"}, "does not speak TLS 1.3"},
		"proxy": {append(withToken(r.token), "HTTPS_PROXY=http://me:MARKER@proxy.test:3128"), pin, 0, "ok", nil, "env HTTPS_PROXY is set, but not for 127.0.0.1"},
		"proxy is gone": {append(cleanEnv(t), "HTTPS_PROXY=http://me:MARKER@127.0.0.1:"+nobody), []string{"--relay", "relay.test:4443"}, 1, "error",
			map[string]string{"Proxy": "error"}, "the proxy http://127.0.0.1:" + nobody + " (env HTTPS_PROXY) cannot be reached"},
		"state": {append(withToken(r.token), "ADIT_STATE_DIR=/dev/null/x"), pin, 1, "error", nil, "--state-dir"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, everything := diagnose(t, x.code, x.env, x.args...)
			if d.Result != x.result || !strings.Contains(everything, x.says) {
				t.Errorf("result %q, %s", d.Result, everything)
			}
			got := d.verdicts("Relay ")
			for check, verdict := range x.relay {
				if got[check] != verdict {
					t.Errorf("%s is %q, want %q", check, got[check], verdict)
				}
			}
			if x.relay != nil && len(got) != len(x.relay) {
				t.Errorf("checks of the relay: %v", got)
			}
			for _, secret := range []string{r.token, strings.Repeat("M", 43), "MARKER"} {
				if strings.Contains(everything, secret) {
					t.Error("a secret is told")
				}
			}
		})
	}
	secure := httptest.NewTLSServer(http.HandlerFunc(hello))
	t.Cleanup(secure.Close)
	dir := t.TempDir()
	socket := filepath.Join(dir, "app.sock")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	behind := &http.Server{Handler: http.HandlerFunc(hello)}
	go func() { _ = behind.Serve(ln) }()
	t.Cleanup(func() { _ = behind.Close() })
	host := strings.TrimPrefix(secure.URL, "https://")
	file := filepath.Join(dir, "adit.yml")
	endpoints := "version: 3\nendpoints:\n  - {name: shop, upstream: {url: '" + secure.URL + "', tls_verify: true}}\n  - {name: db, url: 'tcp://', upstream: {url: " + port + "}}\n"
	if err := os.WriteFile(file, []byte(endpoints), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, x := range map[string]struct {
		port string
		code int
		want map[string]string
	}{
		"https":                     {secure.URL, 0, map[string]string{"TCP": "ok", "TLS": "ok", "HTTP": "ok"}},
		"https without TLS":         {"https://127.0.0.1:" + port, 1, map[string]string{"TCP": "ok", "TLS": "error"}},
		"a socket":                  {"unix:" + socket, 0, map[string]string{"Socket": "ok", "HTTP": "ok"}},
		"no socket":                 {"unix:" + socket + "x", 1, map[string]string{"Socket": "error"}},
		"a directory":               {"file://" + dir, 0, map[string]string{"Directory": "ok"}},
		"no directory":              {"file://" + dir + "x", 1, map[string]string{"Directory": "error"}},
		"tcp":                       {"tcp://" + mute.Addr().String(), 0, map[string]string{"TCP": "ok"}},
		"tls":                       {"tls://" + host, 0, map[string]string{"TCP": "ok", "TLS": "ok"}},
		"tls without TLS":           {"tls://127.0.0.1:" + port, 1, map[string]string{"TCP": "ok", "TLS": "error"}},
		"an endpoint that verifies": {"shop", 1, map[string]string{"TCP": "ok", "TLS": "error"}},
		"a tcp endpoint":            {"db", 0, map[string]string{"TCP": "ok"}},
		"a service":                 {port, 0, map[string]string{"TCP": "ok", "HTTP": "ok"}},
		"none":                      {nobody, 1, map[string]string{"TCP": "error"}},
		"not HTTP":                  {r.agents, 1, map[string]string{"TCP": "ok", "HTTP": "error"}},
		"mute":                      {mute.Addr().String(), 0, map[string]string{"TCP": "ok", "HTTP": "warn"}},
		"broken":                    {service(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) })), 0, map[string]string{"TCP": "ok", "HTTP": "warn"}},
	} {
		t.Run("embedded, "+name, func(t *testing.T) {
			t.Parallel()
			d, _ := diagnose(t, x.code, nil, x.port, "--config", file)
			got := d.verdicts("Local service")
			for check, verdict := range x.want {
				if got[check] != verdict {
					t.Errorf("%s is %q, want %q", check, got[check], verdict)
				}
			}
			if len(got) != len(x.want) || d.verdicts("No relay is configured")["Protocol"] != "ok" {
				t.Errorf("checks: %+v", d.Checks)
			}
		})
	}
}
