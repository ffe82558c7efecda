package e2e

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// owned is a relay whose owner manages it with the command line, in its state directory.
type owned struct {
	*publicRelay
	t     *testing.T
	state string
	admin string
}

// owner does one of the owner's commands, which must succeed, and reads what it prints as v.
func owner(t *testing.T, env []string, state string, v any, args ...string) {
	t.Helper()
	p := start(t, env, append(append([]string{"relay"}, args...), "--state-dir", state, "--json")...)
	if c := p.code(); c != 0 {
		t.Fatalf("%v: exit code %d: %s", args, c, p.stderr.text())
	}
	if v != nil {
		if err := json.Unmarshal([]byte(p.stdout.text()), v); err != nil {
			t.Fatalf("%v: %v in %s", args, err, p.stdout.text())
		}
	}
}

// newToken is what "relay token create" prints.
type newToken struct{ Token, ID string }

// ownRelay starts a relay on a state directory, with no token file.
func ownRelay(t *testing.T, env []string, state string, extra ...string) *owned {
	t.Helper()
	args := append([]string{"relay", "--domain", "tunnel.test", "--http", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--state-dir", state}, extra...)
	o := &owned{&publicRelay{process: start(t, env, args...), env: env, args: args}, t, state, ""}
	m := o.waitFor(o.stdout, `^ready http=(\S+)(?: https=\S+)? agents=(\S+) pin=(\S+)`)
	o.http, o.agents, o.pin = m[1], m[2], m[3]
	o.admin = o.waitFor(o.stderr, `msg="relay ready".* admin=(\S+)`)[1]
	return o
}

// agent starts one with a token, as another person would.
func (o *owned) agent(port, token string, more ...string) *process {
	o.t.Helper()
	return start(o.t, cleanEnv(o.t), append([]string{"http", port, "--relay", o.agents, "--relay-pin", o.pin, "--authtoken", token, "--no-tui", "--web-addr", "false"}, more...)...)
}

// TestTokenLifecycle: a token is made before and while the relay runs, lets an agent in, and is revoked: the agent ends with exit code 3, another one's stays.
// Secrets stand nowhere.
func TestTokenLifecycle(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	var first, second newToken
	owner(t, env, state, &first, "token", "create", "--account", "acme")
	o := ownRelay(t, env, state)
	port := service(t, http.HandlerFunc(hello))
	owner(t, env, state, &second, "token", "create", "--account", "other")
	a, b := o.agent(port, first.Token), o.agent(port, second.Token)
	urls := []string{a.ready(), b.ready()}
	for _, url := range urls {
		if status, body := fetch(t, o.request(t, url, "/")); status != 200 {
			t.Errorf("%d %s", status, body)
		}
	}
	owner(t, env, state, nil, "token", "revoke", first.ID)
	if c := a.code(); c != 3 || !strings.Contains(a.stderr.text(), "ADIT-1002") {
		t.Errorf("exit code %d, stderr %s", c, a.stderr.text())
	}
	again := o.agent(port, first.Token)
	if c := again.code(); c != 3 {
		t.Errorf("a revoked token: exit code %d", c)
	}
	if status, body := fetch(t, o.request(t, urls[1], "/")); status != 200 {
		t.Errorf("the other agent: %d %s", status, body)
	}
	o.managedByAPI(port)
	o.signal(syscall.SIGTERM)
	o.code()
	for name, text := range map[string]string{"relay": o.stdout.text() + o.stderr.text(), "agents": a.stderr.text() + b.stderr.text() + again.stderr.text()} {
		if strings.Contains(text, first.Token) || strings.Contains(text, second.Token) {
			t.Errorf("a token is in the output of %s", name)
		}
	}
	for _, token := range []string{first.Token, second.Token} {
		notIn(t, state, token)
	}
}

// TestOpenRelay: a relay that never had a token lets everybody in, and says so; one whose tokens were all revoked says that, and lets nobody in, not even when it
// starts anew.
func TestOpenRelay(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	o := ownRelay(t, env, state)
	if text := o.stderr.text(); !strings.Contains(text, `level=WARN msg="this relay has no tokens: whoever reaches it on this machine is let in`) {
		t.Errorf("it never had a token, and says %s", text)
	}
	port := service(t, http.HandlerFunc(hello))
	o.agent(port, "").ready()
	o.signal(syscall.SIGTERM)
	o.code()

	var made newToken
	owner(t, env, state, &made, "token", "create", "--account", "acme")
	owner(t, env, state, nil, "token", "revoke", made.ID)
	owner(t, env, state, nil, "account", "delete", "acme")
	o = ownRelay(t, env, state)
	if text := o.stderr.text(); !strings.Contains(text, `level=WARN msg="all tokens of this relay were revoked: no agent is let in`) {
		t.Errorf("its token was revoked, and it says %s", text)
	}
	p := o.agent(port, "")
	if c := p.code(); c != 3 || !strings.Contains(p.stderr.text(), "ADIT-1003") {
		t.Errorf("without a token: exit code %d, stderr %s", c, p.stderr.text())
	}
	owner(t, env, state, &made, "token", "create", "--account", "acme")
	o.agent(port, made.Token).ready()
}

// TestTrustInIPv6: a trusted peer may be written as it is where IPv4 comes in IPv6's clothes.
func TestTrustInIPv6(t *testing.T) {
	t.Parallel()
	env, state := cleanEnv(t), filepath.Join(t.TempDir(), "relay")
	var made newToken
	owner(t, env, state, &made, "token", "create", "--account", "acme", "--cidr", "::ffff:127.0.0.1")
	o := ownRelay(t, env, state, "--trust-forwarded", "::ffff:127.0.0.1")
	url := o.agent(service(t, http.HandlerFunc(hello)), made.Token, "--cidr-allow", "10.0.0.0/8").ready()
	for from, want := range map[string]int{"10.1.2.3": 200, "::ffff:10.1.2.3": 200, "192.0.2.1": 403} {
		q := o.request(t, url, "/")
		q.Header.Set("X-Forwarded-For", from)
		if status, body := fetch(t, q); status != want {
			t.Errorf("for %s: %d %s, want %d", from, status, body, want)
		}
	}
}

// managedByAPI makes and uses a token over the admin API.
func (o *owned) managedByAPI(port string) {
	o.t.Helper()
	secret, err := os.ReadFile(filepath.Join(o.state, "admin.token"))
	if err != nil {
		o.t.Fatal(err)
	}
	status, body := o.api(strings.TrimSpace(string(secret)))
	var made newToken
	if err := json.Unmarshal([]byte(body), &made); status != 201 || err != nil || made.Token == "" {
		o.t.Fatalf("%d %s %v", status, body, err)
	}
	p := o.agent(port, made.Token, "--url", "api.tunnel.test")
	if url := p.ready(); !strings.HasPrefix(url, "http://api.tunnel.test:") {
		o.t.Errorf("URL %q", url)
	}
	p = o.agent(port, made.Token, "--url", "else.tunnel.test")
	if c := p.code(); c != 3 || !strings.Contains(p.stderr.text(), "ADIT-3013") {
		o.t.Errorf("another name: exit code %d, stderr %s", c, p.stderr.text())
	}
	if status, _ := o.api("adit_admin_wrong"); status != 401 {
		o.t.Errorf("with a wrong token: %d", status)
	}
}

// api asks for a token that is for one name.
func (o *owned) api(secret string) (status int, body string) {
	o.t.Helper()
	q, err := http.NewRequest("POST", "http://"+o.admin+"/api/tokens", strings.NewReader(`{"account":"acme","names":["api"]}`))
	if err != nil {
		o.t.Fatal(err)
	}
	q.Header.Set("Content-Type", "application/json")
	q.Header.Set("Authorization", "Bearer "+secret)
	return fetch(o.t, q)
}

// notIn demands that no file below dir holds the secret.
func notIn(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the token is in %s", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestTokenFileIsTakenOver: a file of the time before the store is taken over and left alone; its tokens stand without it, too, but not when their line was deleted.
func TestTokenFileIsTakenOver(t *testing.T) {
	t.Parallel()
	env, dir := cleanEnv(t), t.TempDir()
	tokens, state := filepath.Join(dir, "tokens"), filepath.Join(dir, "relay")
	var made []string
	for _, account := range []string{"acme", "other"} {
		p := start(t, env, "relay", "token", "create", "--account", account, "--plan", "old", "--token-file", tokens)
		if c := p.code(); c != 0 {
			t.Fatal(c, p.stderr.text())
		}
		made = append(made, strings.TrimSpace(p.stdout.text()))
	}
	before, err := os.ReadFile(tokens)
	if err != nil {
		t.Fatal(err)
	}
	o := ownRelay(t, env, state, "--token-file", tokens)
	o.waitFor(o.stderr, `tokens taken over from the token file.* lines="\[2 3\]" "?new accounts"?="\[acme other\]"`)
	if after, err := os.ReadFile(tokens); !bytes.Equal(after, before) || err != nil {
		t.Errorf("the file is now %s %v", after, err)
	}
	port := service(t, http.HandlerFunc(hello))
	a, b := o.agent(port, made[0]), o.agent(port, made[1])
	a.ready()
	b.ready()
	lines := strings.SplitAfter(string(before), "\n")
	if err := os.WriteFile(tokens, []byte(lines[0]+lines[2]), 0o600); err != nil {
		t.Fatal(err)
	}
	if c := a.code(); c != 3 {
		t.Errorf("its line is gone: exit code %d, stderr %s", c, a.stderr.text())
	}
	o.waitFor(o.stderr, `its line is gone from the token file`)
	b.signal(syscall.SIGTERM)
	b.code()
	o.signal(syscall.SIGTERM)
	o.code()

	o = ownRelay(t, env, state)
	o.agent(port, made[1]).ready()
	p := o.agent(port, made[0])
	if c := p.code(); c != 3 {
		t.Errorf("without the file: exit code %d", c)
	}
}
