package e2e

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestRelayTellsSystemd: a relay says when it serves, around each reading of its configuration, and which process has taken its place; that one is silent until it is
// the service's own.
func TestRelayTellsSystemd(t *testing.T) {
	dir, err := os.MkdirTemp("", "adit") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	path := filepath.Join(dir, "notify")
	ln, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	said := make(chan string, 100)
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := ln.Read(b)
			if err != nil {
				return
			}
			said <- string(b[:n])
		}
	}()
	hears := func(want string) {
		t.Helper()
		select {
		case got := <-said:
			if got != want {
				t.Errorf("systemd heard %q, not %q", got, want)
			}
		case <-time.After(patience):
			t.Fatalf("systemd did not hear %q", want)
		}
	}
	env := append(cleanEnv(t), "NOTIFY_SOCKET="+path)
	p := start(t, env, "relay", "--domain", "tunnel.test", "--http", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--admin", "false", "--state-dir", filepath.Join(dir, "state"))
	p.waitFor(p.stdout, `^ready `)
	hears("READY=1")
	p.signal(syscall.SIGHUP)
	hears("RELOADING=1")
	hears("READY=1")
	p.signal(syscall.SIGUSR2)
	heir := 0
	eventually(t, "another process serves", func() bool { heir = lastPid(p.stderr); return heir != 0 })
	t.Cleanup(func() { _ = syscall.Kill(heir, syscall.SIGKILL) })
	hears(fmt.Sprintf("MAINPID=%d", heir))
	eventually(t, "the old process ends", func() bool { return !alivePid(p.cmd.Process.Pid) })
	if err := syscall.Kill(heir, syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	hears("RELOADING=1")
	hears("READY=1")
	if err := syscall.Kill(heir, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if c := p.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
}
