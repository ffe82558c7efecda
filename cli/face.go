package cli

import (
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/tui"
)

// wantsDashboard decides between the dashboard and plain lines. Lines, never an error, where there is no terminal that would answer, and where CI is
// set.
func (a *app) wantsDashboard(noTUI config.Tristate) bool {
	if noTUI == config.Yes || !tui.Interactive(a.In, a.Out) {
		return false
	}
	return a.env("CI") == "" || noTUI == config.No
}
