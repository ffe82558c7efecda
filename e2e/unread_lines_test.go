package e2e

import (
	"bufio"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startUnread starts cmd, as programs do that never read what it says. out is the end of its standard output that they do not read; end asks it to end, and waits.
func startUnread(t *testing.T, cmd *exec.Cmd) (out *os.File, end func()) {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Env, cmd.Stdout = append(cleanEnv(t), beAdit+"=1"), in
	err = cmd.Start()
	in.Close()
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		out.Close()
	})
	return out, func() {
		t.Helper()
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("it ends with %v", err)
			}
		case <-time.After(patience):
			t.Error("it does not end")
		}
	}
}

// TestUnreadLines: a program that starts adit, reads where the endpoint is and then never reads again stops neither visitors nor the end.
func TestUnreadLines(t *testing.T) {
	out, end := startUnread(t, exec.Command(self(t), "http", service(t, http.HandlerFunc(hello)), "--web-addr", "false"))
	line, err := bufio.NewReaderSize(out, 16).ReadString('\n')
	_, rest, ok := strings.Cut(line, "url=")
	url, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	if err != nil || !ok {
		t.Fatalf("%q, %v", line, err)
	}
	c := &http.Client{Timeout: patience}
	for range 1000 { // a line each: more than a pipe holds
		a, err := c.Get(url + "/" + strings.Repeat("a", 100))
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
	}
	end()
}
