package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/sign"
)

// TestWebhookProviders: whoever inspect/sign knows may stand in the configuration, and nobody else.
func TestWebhookProviders(t *testing.T) {
	if known := sign.Providers(); !slices.Equal(config.WebhookProviders, known) {
		t.Errorf("config.WebhookProviders is %q, inspect/sign has %q", config.WebhookProviders, known)
	}
	if config.OwnWebhook != sign.HMAC {
		t.Errorf("a provider of one's own is %s here and %s there", config.OwnWebhook, sign.HMAC)
	}
}

// TestAddWebhookSecret: the secret goes where it is looked for, or a reference to it; a wrong one goes nowhere, and is not shown.
func TestAddWebhookSecret(t *testing.T) {
	keyring.MockInit()
	path := filepath.Join(t.TempDir(), "adit.yml")
	run := func(input string, args ...string) (code int, said string) {
		in, out := pipes(t, input)
		code = Main(append(append([]string{"adit", "config", "add-webhook-secret"}, args...), "--config", path), Streams{in, out, out}, nil)
		return code, content(t, out.Name())
	}
	for _, args := range [][]string{{"stripe", "-"}, {"github", "env:GITHUB"}, {"slack", "-", "--keychain"}, {"hmac", "-", "--keychain=own"}, {"stripe", "-"}} {
		code, said := run("hunter2\n", args...)
		if code != exitOK || strings.Contains(said, "hunter2") || strings.Contains(said, "webhook_secrets.hmac.header") != (args[0] == "hmac") {
			t.Errorf("%q: exit code %d: %s", args, code, said)
		}
	}
	const want = "version: 3\nagent:\n  webhook_secrets:\n    hmac:\n      secret: keychain:own\n    slack: keychain:webhook-secret-slack\n" +
		"    github: env:GITHUB\n    stripe: hunter2\n"
	if got := content(t, path); got != want {
		t.Errorf("the file holds\n%s", got)
	}
	for _, entry := range []string{"webhook-secret-slack", "own"} {
		if got, err := keyring.Get("adit", entry); got != "hunter2" || err != nil {
			t.Errorf("the keychain has %q as %s (%v)", got, entry, err)
		}
	}
	for want, args := range map[string][]string{`did you mean "stripe"`: {"strpie", "-"}, "not base64": {"svix", "hunter2"}, "are wanted": {"stripe"}} {
		if code, said := run("hunter2\n", args...); code != exitUsage || !strings.Contains(said, want) || strings.Contains(said, "hunter2") {
			t.Errorf("%q: exit code %d: %s", args, code, said)
		}
	}
	if code, said := run("", "stripe", "env:X", "y"); code != exitUsage || content(t, path) != want {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, said := run(" hunter2\n", "github", "-"); code != exitUsage || !strings.Contains(said, "around it") {
		t.Errorf("exit code %d: %s", code, said)
	}
	if code, said := run("two words: \"#\"\n", "github", "-"); code != exitOK {
		t.Errorf("exit code %d: %s", code, said)
	}
	form := filepath.Join(t.TempDir(), "form.yml")
	writeText(t, form, "version: 3\nagent: {webhook_secrets: {hmac: {header: X}}}\n")
	cfg, err := config.Load(config.Sources{Files: []string{path, form}})
	if err != nil || cfg.Webhooks[0].Secrets[0] != "two words: \"#\"" {
		t.Errorf("%q, %v", content(t, path), err)
	}
}

// TestWebhookMistakes: what only inspect/sign can know to be wrong is said with its place.
func TestWebhookMistakes(t *testing.T) {
	cfg, err := config.Load(config.Sources{Environ: []string{"ADIT_WEBHOOK_SECRET_SVIX=no base64"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := webhookMistakes(cfg); err == nil || err.Error() != "env ADIT_WEBHOOK_SECRET_SVIX: the secret is not base64, as the provider's are" {
		t.Errorf("%v", err)
	}
	for yaml, want := range map[string]string{
		"{secret: x, header: X, content: \"{when}.{body}\"}":          ":5: webhook_secrets.hmac.content: {when} is none of {body}, ",
		"{secret: x, header: X, content: \"{ts}.{body}\"}":            ":5: webhook_secrets.hmac.content: {ts} needs timestamp_header",
		"{secret: x, header: X, timestamp_header: T, content: \"a\"}": ":5: webhook_secrets.hmac.content: it lacks {ts}",
		"{secret: x, header: X, prefix: \"{ts}\"}":                    ":5: webhook_secrets.hmac.prefix: it holds braces",
		"{secret: x, header: X, timestamp_header: T}":                 "",
	} {
		path := filepath.Join(t.TempDir(), "adit.yml")
		writeText(t, path, "version: 3\nagent:\n  webhook_secrets:\n    hmac:\n      "+yaml+"\n")
		cfg, err := config.Load(config.Sources{Files: []string{path}})
		if err != nil {
			t.Fatal(err)
		}
		if err := webhookMistakes(cfg); (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), path+want) {
			t.Errorf("%s: %v, want %s", yaml, err, want)
		}
	}
}

func writeText(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
