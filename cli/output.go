package cli

import (
	"bytes"
	"encoding/json"
	"fmt"

	"golang.org/x/term"
)

// warn says what the person should know though it is no error. Programs that drive ngrok take any word on standard error for a failure.
func (a *app) warn(text string) {
	if a.compat {
		a.warnAsNgrok(text)
		return
	}
	fmt.Fprintf(a.Err, "adit: %s\n", text)
}

// hint tells a person at a terminal something useful. Programs do not see it: they may take any word on standard error for a failure.
func (a *app) hint(text string) {
	if !a.compat && term.IsTerminal(int(a.Err.Fd())) {
		a.warn(text)
	}
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

// printJSON prints v on stdout.
func (a *app) printJSON(v any) error {
	b, err := indentedJSON(v)
	if err == nil {
		_, err = a.Out.Write(b)
	}
	return err
}

// indentedJSON is v as people and programs read it: indented, with a line end.
func indentedJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false) // no page shows it
	err := e.Encode(v)
	return b.Bytes(), err
}
