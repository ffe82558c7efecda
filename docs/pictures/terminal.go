package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// terminal is a program in tmux, without anybody's settings.
type terminal struct {
	dir string // home of the program, and where tmux's socket is
}

// open starts a program in a terminal of so many columns and rows.
func (x terminal) open(columns, rows int, env []string, program ...string) error {
	args := append([]string{"-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), "env", "-i"}, env...)
	_, err := x.tmux(append(args, program...)...)
	return err
}

func (x terminal) tmux(args ...string) (string, error) {
	cmd := exec.Command("tmux", append([]string{"-S", filepath.Join(x.dir, "s")}, args...)...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + x.dir, "LANG=C.UTF-8", "TERM=screen-256color"}
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tmux %v: %w\n%s", args, err, out)
	}
	return string(out), nil
}

// press sends keys by tmux's names, one after the other; what begins with a quote is typed as it is.
func (x terminal) press(keys ...string) error {
	for _, key := range keys {
		args := []string{"send-keys", key}
		if text, ok := strings.CutPrefix(key, "'"); ok {
			args = []string{"send-keys", "-l", text}
		}
		if _, err := x.tmux(args...); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond) // as a person: esc and what follows at once would be one key
	}
	return nil
}

// see waits until the screen has what the pattern means, and returns its submatches.
func (x terminal) see(pattern string) ([]string, error) {
	re := regexp.MustCompile(pattern)
	for begin := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		screen, err := x.tmux("capture-pane", "-p")
		if err != nil {
			return nil, err
		}
		if m := re.FindStringSubmatch(screen); m != nil {
			return m, nil
		}
		if time.Since(begin) > 20*time.Second {
			return nil, fmt.Errorf("the screen never shows %s:\n%s", pattern, screen)
		}
	}
}

// Sizes of a picture, in pixels of CSS.
const (
	fontSize   = 14
	lineHeight = 18
	cell       = 8.43 // of DejaVu Sans Mono, at fontSize
	margin     = 12
	scale      = 2 // pixels for each of CSS
)

// shoot draws the screen as it is on paper, to a PNG.
func (x terminal) shoot(columns, rows int, p paper, to string) error {
	screen, err := x.tmux("capture-pane", "-p", "-e")
	if err != nil {
		return err
	}
	file := filepath.Join(x.dir, "screen.html")
	if err := os.WriteFile(file, []byte(page(screen, p)), 0o600); err != nil {
		return err
	}
	to, err = filepath.Abs(to)
	if err != nil {
		return err
	}
	cmd := exec.Command("chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", fmt.Sprintf("--force-device-scale-factor=%d", scale),
		fmt.Sprintf("--window-size=%d,%d", int(float64(columns)*cell)+2*margin, rows*lineHeight+2*margin), "--user-data-dir="+filepath.Join(x.dir, "chromium"),
		"--screenshot="+to, "file://"+file)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("chromium: %w\n%s", err, out)
	}
	return shrink(to)
}
