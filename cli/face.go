package cli

import (
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/tui"
	"github.com/adit-tunnel/adit/tui/terminal"
)

// wantsDashboard decides between the dashboard and plain lines. Lines, never an error, where there is no terminal that would answer, and where CI or, for
// screen readers, ACCESSIBLE is set; nor for who stands in for ngrok and wants the log there.
func (a *app) wantsDashboard(c *config.Config) bool {
	if c.NoTUI == config.Yes || a.compat && (c.Log == "stdout" || c.Log == "stderr") || !terminal.Interactive(a.In, a.Out) {
		return false
	}
	accessible := a.env("ACCESSIBLE")
	return a.env("CI") == "" && (accessible == "" || accessible == "0") || c.NoTUI == config.No
}

// dashboardOptions is how the person wants the dashboard.
func (a *app) dashboardOptions(d config.Dashboard) tui.Options {
	return tui.Options{
		In: a.In, Out: a.Out, Restored: a.guard.setRestore,
		ASCII:   d.ASCII == config.Yes || d.ASCII == config.Unset && terminal.WantsASCII(a.env),
		MaskAll: d.MaskAll, Mask: d.Mask, Inline: d.Inline, Mouse: d.Mouse, Theme: d.Theme,
		Keys: tui.Keys{Profile: d.Profile, Remap: d.Keys},
	}
}

// checkKeys has the dashboard look at its keys (config.Sources).
func checkKeys(profile string, keys map[string][]string, wrong func(id, text string)) {
	ids := tui.ActionIDs()
	for _, m := range (tui.Keys{Profile: profile, Remap: keys}).Check() {
		if near := config.Nearest(m.ID, ids); m.ID != "" && near != "" && !slices.Contains(ids, m.ID) {
			m.Text = fmt.Sprintf("there is no such action (did you mean %q?); docs/keys.md has their names", near)
		}
		wrong(m.ID, m.Text)
	}
}

// lineWriter counts what plain lines' reader has taken.
type lineWriter struct {
	w     io.Writer
	taken atomic.Int64
}

func (l *lineWriter) Write(lines []byte) (int, error) {
	n, err := l.w.Write(lines)
	l.taken.Add(int64(n))
	return n, err
}

// stopFace ends the face and waits until it has shown everything. Nobody waits for a reader of plain lines who takes nothing any more: a pipe that is not read is full
// at some time, and a write to it lasts for ever.
func stopFace(face *task, lines *lineWriter) error {
	face.end()
	tick := time.NewTicker(lastLines)
	defer tick.Stop()
	for before := int64(-1); ; {
		select {
		case <-face.done:
			return face.stop()
		case <-tick.C:
		}
		taken := lines.taken.Load()
		if lines.used() && taken == before {
			return nil
		}
		before = taken
	}
}

// used says that there are lines: the dashboard has none.
func (l *lineWriter) used() bool { return l.w != nil }
