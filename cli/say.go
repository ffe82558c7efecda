package cli

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/term"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/wire"
)

// report prints an error the way the output rules say.
func (a *app) report(err error) {
	switch {
	case err == nil || err.Error() == "":
		return
	case a.compat:
		a.reportAsNgrok(err)
		return
	}
	for i, line := range strings.Split(err.Error(), "\n") {
		prefix := "adit: "
		if i > 0 && strings.HasPrefix(line, " ") {
			prefix = "" // the second line of one message
		}
		fmt.Fprintf(a.Err, "%s%s\n", prefix, line)
	}
	if next := remedy(err); next != "" {
		fmt.Fprintf(a.Err, "  %s\n", next)
	}
}

// refuse says why something is left out while the rest goes on. Programs that drive ngrok read a log from the first line on; under a dashboard nobody reads one.
func (a *app) refuse(err error, dashboard bool) {
	switch {
	case !a.compat:
		a.report(err)
	case dashboard:
		fmt.Fprintln(a.Out, err)
	default:
		a.warnAsNgrok(err.Error())
	}
}

// remedy says what to do about an error that the agent ended with.
func remedy(err error) string {
	var fatal *agent.FatalError
	var gaveUp *agent.GaveUpError
	switch {
	case errors.As(err, &fatal):
		return wire.Code(fatal.Code).Info().Remedy
	case errors.As(err, &gaveUp):
		return "Check that the relay runs, and that --relay is the address of its agents' port."
	}
	return ""
}

// hint tells a person at a terminal something useful. Programs do not see it: they may take any word on standard error for a failure.
func (a *app) hint(text string) {
	if !a.compat && term.IsTerminal(int(a.Err.Fd())) {
		a.warn(text)
	}
}

// warn says what the person should know though it is no error. Programs that drive ngrok take any word on standard error for a failure.
func (a *app) warn(text string) {
	if a.compat {
		a.warnAsNgrok(text)
		return
	}
	fmt.Fprintf(a.Err, "adit: %s\n", text)
}

// tell says something to the person that is no error.
func (a *app) tell(text string) {
	if a.stand.log != nil {
		a.stand.log.Info(text)
		return
	}
	a.complain(text)
}

// complain tells the person at the terminal, or who reads stderr later, what cannot be told in the log.
func (a *app) complain(text string) { fmt.Fprintln(a.Err, "adit:", text) }
