package cli

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/zalando/go-keyring"
)

// pipes makes a reader that holds input, and a file that output goes to.
func pipes(t *testing.T, input string) (in, out *os.File) {
	t.Helper()
	in, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, input); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	out, err = os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close(); _ = out.Close() })
	return in, out
}

func content(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTokenIntoKeychain: the keychain has the token, the file a reference to it.
func TestTokenIntoKeychain(t *testing.T) {
	keyring.MockInit()
	path := filepath.Join(t.TempDir(), "adit.yml")
	for _, x := range []struct{ flag, entry string }{{"--keychain", "authtoken"}, {"--keychain=work", "work"}} {
		in, out := pipes(t, "hunter2\n")
		if code := Main([]string{"adit", "config", "add-authtoken", "-", x.flag, "--config", path}, Streams{in, out, out}, nil); code != exitOK {
			t.Fatalf("%s: exit code %d: %s", x.flag, code, content(t, out.Name()))
		}
		if got, err := keyring.Get("adit", x.entry); got != "hunter2" || err != nil {
			t.Errorf("%s: the keychain has %q (%v)", x.flag, got, err)
		}
		if got := content(t, path); got != "version: 3\nagent:\n  authtoken: keychain:"+x.entry+"\n" {
			t.Errorf("%s: the file holds %q", x.flag, got)
		}
		if got := content(t, out.Name()); got != "Authtoken saved to configuration file: "+path+"\n" {
			t.Errorf("%s: said %q", x.flag, got)
		}
	}
}
