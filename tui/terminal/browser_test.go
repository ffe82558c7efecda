package terminal

import (
	"strings"
	"testing"
)

func TestBrowser(t *testing.T) {
	for _, c := range []struct{ system, env, want string }{
		{"darwin", "", "open"}, {"linux", "DISPLAY=:0", "xdg-open"}, {"linux", "", ""}, {"linux", "DISPLAY=:0 SSH_TTY=/dev/pts/1", ""},
		{"windows", "", "rundll32 url.dll,FileProtocolHandler"}, {"linux", "WSL_DISTRO_NAME=u", "rundll32.exe url.dll,FileProtocolHandler"},
	} {
		env := map[string]string{}
		for _, pair := range strings.Fields(c.env) {
			name, value, _ := strings.Cut(pair, "=")
			env[name] = value
		}
		if got := strings.Join(browser(func(name string) string { return env[name] }, c.system), " "); got != c.want {
			t.Errorf("%s with %s: %q, want %q", c.system, c.env, got, c.want)
		}
	}
}
