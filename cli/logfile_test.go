package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestLogRotation: a file that would get larger than it may is set aside, and each line is in one of them.
func TestLogRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "log.txt")
	if err := os.WriteFile(path, []byte("before\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	f, err := openLog(path, 0o600, 1)
	if err != nil {
		t.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("x"), 1<<20-100), '\n')
	for range 2 {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	aside, err := filepath.Glob(filepath.Join(dir, "log-*.txt"))
	if err != nil || len(aside) != 1 {
		t.Fatalf("set aside: %v, %v", aside, err)
	}
	old, err := os.ReadFile(aside[0])
	if err != nil {
		t.Fatal(err)
	}
	now, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(old, append([]byte("before\n"), line...)) || !bytes.Equal(now, line) {
		t.Errorf("%d bytes set aside, %d in the new file", len(old), len(now))
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the new file's mode: %v, %v", info.Mode(), err)
	}
}

// TestLogToADevice: what is no regular file is written to and never renamed.
func TestLogToADevice(t *testing.T) {
	for _, x := range []struct {
		path string
		size int
	}{{os.DevNull, 1}, {filepath.Join(t.TempDir(), "log"), 0}} {
		f, err := openLog(x.path, 0o600, x.size)
		if err != nil {
			t.Fatal(err)
		}
		if _, plain := f.(*os.File); !plain {
			t.Errorf("%s with %d MiB is rotated", x.path, x.size)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestTorn: half a line that the process before has left is known, so that the next one does not go on in it.
func TestTorn(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if torn(path) || torn(os.DevNull) || torn(t.TempDir()) {
		t.Error("what has no lines has half a one")
	}
	for text, want := range map[string]bool{"": false, "one\n": false, "one\ntw": true} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if torn(path) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
