package tui

import (
	"os/exec"

	tea "github.com/charmbracelet/bubbletea"
)

// newSuspension returns nil: Windows has no job control.
func newSuspension(*terminal, <-chan struct{}) tea.ExecCommand { return nil }

// ownSession does nothing: nothing stops a program together with us.
func ownSession(*exec.Cmd) {}

// newResumption returns nil, and onContinued never calls: nothing stops a program for a while.
func newResumption(*terminal, <-chan struct{}) tea.ExecCommand { return nil }

func onContinued(*terminal, func()) (end func()) { return func() {} }
