package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// npmPackages installs versions of the npm package ngrok, without the scripts that would fetch ngrok itself, and returns where they are.
func npmPackages(t *testing.T, versions ...string) map[string]string {
	t.Helper()
	need(t, "node", "npm")
	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	dir := t.TempDir()
	args := []string{"install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save", "--prefer-offline", "--prefix", dir}
	at := map[string]string{}
	for _, v := range versions {
		alias := "ngrok-" + strings.ReplaceAll(v, ".", "-")
		args = append(args, alias+"@npm:ngrok@"+v)
		at[v] = filepath.Join(dir, "node_modules", alias)
	}
	cmd := exec.CommandContext(ctx, "npm", args...)
	cmd.WaitDelay = time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Logf("%s", out)
		t.Skipf("npm cannot install the packages: %v", err)
	}
	return at
}

// TestNpm: programs that were written for ngrok and its npm package, the old one and the new, work with adit in its place.
func TestNpm(t *testing.T) {
	packages := npmPackages(t, "4.3.3", "5.0.0-beta.2")
	r := relay(t)
	port := service(t, http.HandlerFunc(hello))
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	for version, path := range packages {
		t.Run(version, func(t *testing.T) {
			settings, err := json.Marshal(map[string]string{
				"relay": r.http, "service": port, "busy": busy.Addr().String(), "dir": t.TempDir(), "domain": "tunnel.test",
			})
			if err != nil {
				t.Fatal(err)
			}
			script, err := filepath.Abs("testdata/npm_ngrok.js")
			if err != nil {
				t.Fatal(err)
			}
			p := launch(t, r.compatEnv(t), exec.Command("node", script, path, filepath.Dir(ngrokFile(t)), string(settings)))
			if code := p.code(); code != 0 || !strings.HasSuffix(p.stdout.text(), "ok the end") {
				t.Errorf("exit code %d", code)
			}
			all, _ := p.stdout.snapshot()
			for _, line := range all {
				if !strings.HasPrefix(line, "ok ") {
					t.Error(line)
				}
			}
			if strings.Contains(p.stdout.text()+p.stderr.text(), r.token) {
				t.Error("the token is in some output")
			}
		})
	}
}
