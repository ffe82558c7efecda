package tui

import tea "github.com/charmbracelet/bubbletea"

// newSuspension returns nil: Windows has no job control.
func newSuspension(*terminal, <-chan struct{}) tea.ExecCommand { return nil }
