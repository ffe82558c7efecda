//go:build unix

package terminal

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// What a program leaves behind, a browser or a clipboard's server, is not stopped together with a suspended dashboard.
func TestWhatIsLeftBehindGoesOn(t *testing.T) {
	dir := t.TempDir()
	script := []byte("#!/bin/sh\nsleep 60 </dev/null >/dev/null 2>&1 & echo $! >" + dir + "/pid\n")
	for _, name := range []string{"xdg-open", "open"} {
		if err := os.WriteFile(dir+"/"+name, script, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for name, value := range map[string]string{"PATH": dir + ":" + os.Getenv("PATH"), "DISPLAY": ":0", "SSH_CONNECTION": "", "SSH_TTY": "", "WSL_DISTRO_NAME": ""} {
		t.Setenv(name, value)
	}
	for name, run := range map[string]func() bool{
		"browser":   func() bool { return Browse(t.Context(), "http://127.0.0.1:4040/") },
		"clipboard": func() bool { return pipe(t.Context(), []byte("text"), "open") == nil },
	} {
		if !run() {
			t.Fatal(name, "did not run")
		}
		text, err := os.ReadFile(dir + "/pid")
		pid, wrong := strconv.Atoi(strings.TrimSpace(string(text)))
		if err != nil || wrong != nil {
			t.Fatal(err, wrong)
		}
		group, err := syscall.Getpgid(pid)
		if err != nil || group == syscall.Getpgrp() {
			t.Errorf("%s: in group %d, ours is %d; %v", name, group, syscall.Getpgrp(), err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
