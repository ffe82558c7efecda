package terminal

import tea "github.com/charmbracelet/bubbletea"

// Suspension is nil: Windows has no job control.
func (s *Screen) Suspension(<-chan struct{}) tea.ExecCommand { return nil }
