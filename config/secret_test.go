package config

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/zalando/go-keyring"
)

func TestSecret(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	keyring.MockInit()
	if err := StoreSecret(t.Context(), "work", "from-keychain"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string]string{"token": "from-file\r\n", "empty": "\n", "two": "from-file\nand more\n", "pem": "-----BEGIN PUBLIC KEY-----\nZnJvbS1m\naWxl\n-----END PUBLIC KEY-----\n", "long": strings.Repeat("x", maxSecret+1)} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env := map[string]string{"TOKEN": "from-env", "HOME": dir}
	for _, x := range []struct{ ref, want, err string }{
		{ref: "2abc:def", want: "2abc:def"},
		{ref: "user:password", want: "user:password"},
		{ref: "env:TOKEN", want: "from-env"},
		{ref: "env:OTHER", err: "env:OTHER: this environment variable is not set"},
		{ref: "env:", err: "env:: nothing stands behind the colon"},
		{ref: "file:token", want: "from-file"},
		{ref: "file:" + filepath.Join(dir, "token"), want: "from-file"},
		{ref: "file:~/token", want: "from-file"},
		{ref: "file:pem", want: "ZnJvbS1maWxl"},
		{ref: "file:nowhere", err: "file:nowhere: no such file or directory"},
		{ref: "file:empty", err: "file:empty: it is empty"},
		{ref: "file:two", err: "file:two: it has more than one line"},
		{ref: "file:long", err: "file:long: it has more than 65536 bytes"},
		{ref: "cmd:printf 'from-cmd\\r\\nmore\\n'", want: "from-cmd"},
		{ref: "cmd:cat token", want: "from-file"},
		{ref: "cmd:echo hunter2; exit 3", err: "cmd:…: exit status 3"},
		{ref: "cmd:true", err: "it is empty"},
		{ref: "cmd:head -c 100000 /dev/zero | tr '\\0' x", err: "it has more than 65536 bytes"},
		{ref: "keychain:work", want: "from-keychain"},
		{ref: "keychain:home", err: "keychain:home: the keychain has no such entry"},
		{ref: "-", want: "from-stdin"},
	} {
		got, err := Secret(t.Context(), x.ref, SecretOptions{
			Env: func(n string) string { return env[n] }, Dir: dir, Stdin: strings.NewReader("from-stdin\nmore\n"),
		})
		if got != x.want || (err == nil) != (x.err == "") || err != nil && (!strings.Contains(err.Error(), x.err) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s = %.80q, %v; want %q, %q", x.ref, got, err, x.want, x.err)
		}
	}
	if _, err := Secret(t.Context(), "-", SecretOptions{}); err == nil || !strings.Contains(err.Error(), "standard input") {
		t.Errorf("without standard input: %v", err)
	}
}

func TestSecretCommandEnds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands are those of a Unix shell")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	running := filepath.Join(t.TempDir(), "running")
	go func() { // ends with the context of the test at the latest
		for {
			if _, err := os.Stat(running); err == nil || ctx.Err() != nil {
				cancel(errors.New("enough"))
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	_, err := Secret(ctx, "cmd:touch "+running+"; sleep 15 & sleep 15", SecretOptions{})
	if err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("a command that goes on for ever: %v", err)
	}
	// What a command leaves behind holds its output open; its answer counts all the same.
	if got, err := Secret(t.Context(), "cmd:echo x; sleep 5 &", SecretOptions{}); got != "x" || err != nil {
		t.Errorf("with a process left behind: %q, %v", got, err)
	}
}

func TestSecretFileOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no modes that keep other people out")
	}
	path := filepath.Join(t.TempDir(), "token")
	for mode, want := range map[os.FileMode]int{0o600: 0, 0o644: 1, 0o640: 1} {
		if err := errors.Join(os.WriteFile(path, []byte("hunter2"), 0o600), os.Chmod(path, mode)); err != nil {
			t.Fatal(err)
		}
		var said []string
		got, err := Secret(t.Context(), "file:"+path, SecretOptions{Warn: func(s string) { said = append(said, s) }})
		if got != "hunter2" || err != nil || len(said) != want || strings.Contains(strings.Join(said, ""), "hunter2") {
			t.Errorf("mode %v: %q, %v, said %q", mode, got, err, said)
		}
	}
}

func TestNoKeychain(t *testing.T) {
	keyring.MockInitWithError(errors.New("no bus"))
	defer keyring.MockInit()
	if err := StoreSecret(t.Context(), "a", "hunter2"); err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "no bus") {
		t.Errorf("storing: %v", err)
	}
	if _, err := Secret(t.Context(), "keychain:a", SecretOptions{}); err == nil || !strings.Contains(err.Error(), "keychain:a: the keychain of this system does not answer: no bus") {
		t.Errorf("reading: %v", err)
	}
}
