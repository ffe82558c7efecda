package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestServiceRun plays Windows' service manager: Start returns at once, Stop when the program has ended in good order.
func TestServiceRun(t *testing.T) {
	dir := t.TempDir()
	out, err := os.Create(filepath.Join(dir, "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	a := &app{Streams: Streams{In: out, Out: out, Err: out}, environ: []string{"HOME=" + dir}}
	a.guard = newGuard(a)
	urls := filepath.Join(dir, "urls")
	p := &windowsProgram{app: a, end: make(chan struct{}), done: make(chan struct{}),
		args: []string{"demo", "--no-tui", "--web-addr", "false", "--rate", "0", "--url-file", urls, "--log", filepath.Join(dir, "log")}}
	if err := p.Start(nil); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(urls); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the command does not start")
		}
	}
	if err := p.Stop(nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(urls); err == nil || !strings.Contains(string(text), "demo: sent=") || strings.Contains(string(text), "adit:") {
		t.Errorf("it was not ended in good order: %s", text[max(0, len(text)-500):])
	}
}
