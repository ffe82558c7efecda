package terminal

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// browsing is how long the program may take that opens a browser; those that become the browser are left alone then.
const browsing = 2 * time.Second

// browser is the program that opens a page here; none where there is no display, or none that the person sees.
func browser(getenv func(string) string, system string) []string {
	switch {
	case far(getenv):
		return nil
	case system == "darwin":
		return []string{"open"}
	case system == "windows":
		return []string{"rundll32", "url.dll,FileProtocolHandler"}
	case getenv("WSL_DISTRO_NAME") != "":
		return []string{"rundll32.exe", "url.dll,FileProtocolHandler"}
	case getenv("DISPLAY") != "" || getenv("WAYLAND_DISPLAY") != "":
		return []string{"xdg-open"}
	}
	return nil
}

// Browse opens an address in the browser that the person sees, or a file in the program for it, and says whether a program has taken it. It waits for that, as
// long as root goes on.
func Browse(root context.Context, address string) bool {
	argv := browser(os.Getenv, runtime.GOOS)
	if argv == nil {
		return false
	}
	cmd := exec.Command(argv[0], append(argv[1:], address)...)
	ownSession(cmd)
	if cmd.Start() != nil {
		return false
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }() // it may become the browser, which outlives the dashboard
	select {
	case err := <-ended:
		return err == nil
	case <-time.After(browsing):
	case <-root.Done():
	}
	return true
}

// far says that this machine is not the one before which the person sits.
func far(getenv func(string) string) bool {
	return getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != ""
}
