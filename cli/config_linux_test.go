package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// TestTokenIsTyped: at a terminal adit asks for the token and does not show it.
func TestTokenIsTyped(t *testing.T) {
	screen, keyboard, err := pty.Open()
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	defer func() { _ = screen.Close() }()
	_, out := pipes(t, "")
	path := filepath.Join(t.TempDir(), "adit.yml")
	code := make(chan int, 1)
	go func() {
		code <- Main([]string{"adit", "authtoken", "-", "--config", path}, Streams{keyboard, out, keyboard}, nil)
		_ = keyboard.Close()
	}()
	shown := make(chan string, 1)
	go func() {
		text, _ := io.ReadAll(screen) // which fails when the other end is closed
		shown <- string(text)
	}()
	for end := time.Now().Add(20 * time.Second); echoes(t, screen); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody asked for the token")
		}
	}
	if _, err := io.WriteString(screen, "hunter2\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case c := <-code:
		if c != exitOK {
			t.Errorf("exit code %d", c)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("adit still waits")
	}
	text := <-shown
	if strings.Contains(text, "hunter2") || !strings.Contains(text, "Authtoken: ") || !strings.Contains(text, `"adit config add-authtoken"`) {
		t.Errorf("the screen shows %q", text)
	}
	if got := content(t, path); !strings.Contains(got, "authtoken: hunter2\n") {
		t.Errorf("the file holds %q", got)
	}
}

// echoes says whether a terminal shows what is typed.
func echoes(t *testing.T, terminal *os.File) bool {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return s.Lflag&unix.ECHO != 0
}
