package tui

import tea "github.com/charmbracelet/bubbletea"

// abandoned is what the suspension panics with when the dashboard has to end while its process is in the background. Bubble Tea restores
// the terminal on every other way out, and whoever does that in the background is stopped by the kernel, or spoils the mode of the
// program in front. The terminal has been given back before the suspension, so there is nothing left to do but leave: Run recovers it.
type abandoned struct{}

// continued says that the process goes on after somebody else has stopped it, and how the terminal is taken again.
type continued struct{ again tea.ExecCommand }
