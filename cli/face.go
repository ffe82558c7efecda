package cli

import (
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/tui"
)

// wantsDashboard decides between the dashboard and plain lines. Lines, never an error, where there is no terminal that would answer, and where CI is
// set; nor for who stands in for ngrok and wants the log there.
func (a *app) wantsDashboard(c *config.Config) bool {
	if c.NoTUI == config.Yes || a.compat && (c.Log == "stdout" || c.Log == "stderr") || !tui.Interactive(a.In, a.Out) {
		return false
	}
	return a.env("CI") == "" || c.NoTUI == config.No
}
