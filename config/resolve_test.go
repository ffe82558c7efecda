package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestResolve: references are looked up where they stand, and only for what is started.
func TestResolve(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"adit.yml": "version: 3\nagent: {relay: a:1, authtoken: \"file:token\", web_password: \"file:token\"}\nendpoints:\n  - name: web\n    upstream: {url: 80}\n    basic_auth: [\"file:pair\", \"env:PAIR\", \"jane:correct-horse\"]\n" +
			"  - name: short\n    upstream: {url: 81}\n    basic_auth: [\"env:SHORT\"]\n  - name: missing\n    upstream: {url: 82}\n    basic_auth: [\"-\"]\n" +
			"  - name: latin\n    upstream: {url: 83}\n    basic_auth: [\"env:LATIN\"]\n",
		"token": "tok-1234\n",
		"pair":  "john:battery-staple\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, err := Load(Sources{Files: []string{filepath.Join(dir, "adit.yml")}})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PAIR": "jim:pass-the-salt", "SHORT": "jim:salt", "SHORTER": "salt", "LATIN": "jim:sal\xe9-de-mer"}
	o := SecretOptions{Env: func(n string) string { return env[n] }, Stdin: strings.NewReader("from:standard-input\n")}
	if err := c.Resolve(context.Background(), o); err != nil || c.Authtoken != "tok-1234" || c.WebPassword != "tok-1234" {
		t.Errorf("token %q, password %q, %v", c.Authtoken, c.WebPassword, err)
	}
	web := &c.Endpoints[0]
	if err := web.Resolve(context.Background(), o); err != nil || strings.Join(web.BasicAuth, " ") != "john:battery-staple jim:pass-the-salt jane:correct-horse" {
		t.Errorf("%v, %v", web.BasicAuth, err)
	}
	for i, want := range []string{"adit.yml:9: basic_auth: a password has 8 to 128 characters", "adit.yml:12: basic_auth: standard input: ", "adit.yml:15: basic_auth: a user and a password are UTF-8 text"} {
		if err := c.Endpoints[i+1].Resolve(context.Background(), o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "salt") {
			t.Errorf("%v; want %s", err, want)
		}
	}
	c, err = Load(Sources{Flags: map[string][]string{"authtoken": {"cmd:false"}, "web-password": {"env:SHORTER"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err = c.Resolve(context.Background(), o); err == nil || err.Error() != "flag --web-password: a password has 8 to 128 characters, not 4" {
		t.Errorf("%v", err)
	}
	c, err = Load(Sources{Flags: map[string][]string{"relay": {"a:1"}, "authtoken": {"-"}}})
	if err != nil || c.Resolve(context.Background(), o) != nil || c.Authtoken != "from:standard-input" {
		t.Errorf("token from standard input: %q, %v", c.Authtoken, err)
	}
}
