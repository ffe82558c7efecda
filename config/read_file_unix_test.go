//go:build unix

package config

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecretPipe: a pipe is read as a file is, and one that never ends is given up; what comes into it later is for who asks then.
func TestSecretPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip("no named pipes here:", err)
	}
	read := func() (string, error) {
		ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, errors.New("enough"))
		defer cancel()
		return Secret(ctx, "file:"+path, SecretOptions{})
	}
	given := func(name string, got string, err error) {
		t.Helper()
		if err == nil || err.Error() != "file:"+path+": enough" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	got, err := read()
	given("nobody writes", got, err)
	got, err = read()
	given("nobody writes, again", got, err)

	go func() {
		time.Sleep(50 * time.Millisecond)
		_ = os.WriteFile(path, []byte("hunter2\n"), 0o600)
	}()
	if got, err := Secret(t.Context(), "file:"+path, SecretOptions{}); got != "hunter2" || err != nil {
		t.Errorf("a writer that comes late: %q, %v", got, err)
	}

	w, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if _, err := w.WriteString("hun"); err != nil {
		t.Fatal(err)
	}
	got, err = read()
	given("a writer that does not end", got, err)
}

// TestSecretWithoutEnd: a device may give for ever, and a shell's <(…) is a pipe whose writer may have gone already.
func TestSecretWithoutEnd(t *testing.T) {
	if _, err := Secret(t.Context(), "file:/dev/zero", SecretOptions{}); err == nil || !strings.Contains(err.Error(), "it has more than 65536 bytes") {
		t.Errorf("/dev/zero: %v", err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if _, err := w.WriteString("hunter2\n"); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if got, err := Secret(t.Context(), fmt.Sprintf("file:/dev/fd/%d", r.Fd()), SecretOptions{}); got != "hunter2" || err != nil {
		t.Errorf("<(…): %q, %v", got, err)
	}
}
