package cli

import (
	"errors"
	"fmt"

	"github.com/adit-tunnel/adit/agent"
)

// The exit codes. They are a promise to scripts: a code keeps its meaning.
const (
	exitOK          = 0
	exitNo          = 1   // the answer is no
	exitUsage       = 2   // wrong usage or configuration
	exitRefused     = 3   // refused by the relay
	exitLost        = 4   // the relay was lost, or never reached, and --give-up has passed
	exitInternal    = 70  // a defect in adit
	exitTimeout     = 124 // a time limit of the command has passed
	exitInterrupted = 130 // SIGINT
)

// exitError carries an exit code; its text may be empty, when there is nothing to say.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return ""
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

func usage(format string, a ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format, a...)}
}

func exitCode(err error) int {
	var coded *exitError
	var fatal *agent.FatalError
	var gaveUp *agent.GaveUpError
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &fatal):
		return exitRefused
	case errors.As(err, &gaveUp):
		return exitLost
	default:
		return exitNo
	}
}
