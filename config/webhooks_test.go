package config

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const webhooksFile = `version: 3
agent:
  webhook_secrets:
    stripe: [env:NEW, env:GONE, plain-stripe]
    hmac: {secret: plain-own, header: X-Signature, tolerance: 10m}
tunnels:
  stripe: {addr: 8080, host_header: stripe.example}
`

// TestResolveWebhooks: a secret that cannot be had takes none of the others along, and it is known why.
func TestResolveWebhooks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "adit.yml")
	if err := os.WriteFile(path, []byte(webhooksFile), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{Files: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"NEW": "new-stripe"}
	c.ResolveWebhooks(context.Background(), SecretOptions{Env: func(n string) string { return env[n] }})
	stripe, own := c.Webhooks[0], c.Webhooks[1]
	if strings.Join(stripe.Secrets, " ") != "new-stripe plain-stripe" || !strings.Contains(stripe.Problem, path+":4: webhook_secrets.stripe: env:GONE: ") || stripe.Form != nil {
		t.Errorf("%+v", stripe)
	}
	if own.Provider != OwnWebhook || own.Secrets[0] != "plain-own" || own.Form.Header != "X-Signature" || own.Form.Tolerance.Minutes() != 10 || own.Problem != "" {
		t.Errorf("%+v, %+v", own, own.Form)
	}
	shown, err := WithoutSecrets(path, []byte(webhooksFile))
	if text := string(shown); err != nil || strings.Contains(text, "plain-") || !strings.Contains(text, "header: X-Signature") || !strings.Contains(text, "host_header: stripe.example") {
		t.Errorf("%s, %v", text, err)
	}
	other, err := Load(Sources{})
	if changed := other.Changed(c); err != nil || len(changed) != 0 {
		t.Errorf("webhook secrets count at the next start: %v, %v", changed, err)
	}
}
