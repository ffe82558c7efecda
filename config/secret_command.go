package config

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// CommandLimit is how long a command that prints a secret may take.
const CommandLimit = 10 * time.Second

// fromCommand runs a command of cmd:… as the person would type it: sh -c, cmd /c on Windows. It has no standard input, and stays
// in the terminal's foreground so that it may ask for a passphrase there.
func fromCommand(ctx context.Context, command string, o SecretOptions) (string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, CommandLimit, fmt.Errorf("it took longer than %v", CommandLimit))
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	if runtime.GOOS == "windows" {
		c = exec.CommandContext(ctx, "cmd", "/c", command)
	}
	out := &bounded{}
	c.Stdout, c.Stderr, c.Dir = out, o.Stderr, o.Dir
	c.WaitDelay = time.Second // for what it started and left behind
	err := c.Run()
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.Is(err, exec.ErrWaitDelay): // it has ended well itself
	case err != nil:
		return "", err
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// bounded keeps the beginning of what is written to it.
type bounded struct{ bytes.Buffer }

func (b *bounded) Write(p []byte) (int, error) {
	_, _ = b.Buffer.Write(p[:min(len(p), maxSecret+1-min(b.Len(), maxSecret+1))])
	return len(p), nil
}
