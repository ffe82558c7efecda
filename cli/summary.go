package cli

import (
	"fmt"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// summary is what stays on the terminal when the dashboard has gone: how long adit ran, what came, at which URLs, and where that is to be seen.
func summary(st inspect.Status, ran time.Duration, captures string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "adit ran for %s: %s\n", lasted(ran), cameOf(st))
	for _, e := range st.Endpoints {
		if e.URL != "" {
			fmt.Fprintf(&b, "  %s -> %s\n", view.Sanitize(e.URL), view.Sanitize(e.Upstream))
		}
	}
	if st.Requests.Count+st.Conns.Count > 0 {
		fmt.Fprintf(&b, "  %s\n", captures)
	}
	return b.String()
}

// lasted words a duration in whole seconds.
func lasted(d time.Duration) string {
	if d = max(d.Round(time.Second), time.Second); d < time.Minute {
		return fmt.Sprintf("%d s", d/time.Second)
	}
	return view.Duration(d)
}

// cameOf says what came: requests, or else connections, which tcp and tls endpoints have alone.
func cameOf(st inspect.Status) string {
	if st.Requests.Count == 0 && st.Conns.Count > 0 {
		return view.Connections(int(st.Conns.Count))
	}
	return howMany(st.Requests)
}

// howMany words how many requests there were, and how many of them went wrong.
func howMany(m inspect.Meters) string {
	text := "no request"
	if m.Count > 0 {
		text = view.Requests(int(m.Count))
	}
	if m.Errors > 0 {
		text += fmt.Sprintf(", %d failed", m.Errors)
	}
	return text
}

// capturesWhere says where the captures are, and how they are shown.
func (p *parts) capturesWhere(cfg *config.Config) string {
	switch {
	case cfg.Capture.Off:
		return "nothing was recorded"
	case p.disk == nil:
		return "captures were kept in memory only, and are gone"
	}
	show := "adit requests"
	if strings.HasPrefix(cfg.Origin("state-dir"), "flag ") { // whatever else said so says so to the other command, too
		show += " --state-dir " + cfg.StateDir
	}
	return "captures are in " + capturesDir(cfg.StateDir) + "; to see them: " + show
}
