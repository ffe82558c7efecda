package tui

import (
	"context"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
)

// browsing is how long the program may take that opens a browser; those that become the browser are left alone then.
const browsing = 2 * time.Second

// browsed says what has become of a page that was to be opened.
type browsed struct {
	url    string
	opened bool
}

// openPage opens the request in question in the browser, and shows where it is in any case.
func (m *model) openPage() tea.Cmd {
	row, ok := m.current()
	switch {
	case !ok:
		return nil
	case m.status.Web == "":
		m.say(m.look.Warn.Render, "the page is switched off: there is no local API")
		return nil
	}
	address := strings.TrimRight(m.status.Web, "/") + "/r/" + url.PathEscape(string(row.ID))
	browse := m.work.browse
	return safely(func() tea.Msg { return browsed{address, browse(address)} })
}

func (m *model) onBrowsed(b browsed) tea.Cmd {
	if b.opened {
		m.say(m.look.Good.Render, view.Sanitize("opened "+b.url))
		return nil
	}
	return m.copy("the page's URL "+b.url, b.url)
}

// browser is the program that opens a page here; none where there is no display, or none that the person sees.
func browser(getenv func(string) string, system string) []string {
	switch far := getenv("SSH_CONNECTION") != "" || getenv("SSH_TTY") != ""; {
	case far:
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

// browse opens an address of ours, and says whether a program has taken it.
func browse(root context.Context) func(address string) bool {
	return func(address string) bool {
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
}
