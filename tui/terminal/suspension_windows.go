package terminal

import tea "github.com/charmbracelet/bubbletea"

// Suspension is nil: Windows has no job control.
func (s *Screen) Suspension(<-chan struct{}) tea.ExecCommand { return nil }

// OnContinued never calls: nothing stops a program for a while.
func (s *Screen) OnContinued(<-chan struct{}, func(tea.ExecCommand)) (end func()) { return func() {} }
