package cli

import (
	"bytes"
	"encoding/json"
)

// indentedJSON is v as people and programs read it: indented, with a line end, and with the & of an URL as it is.
func indentedJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// printJSON prints v on stdout.
func (a *app) printJSON(v any) error {
	b, err := indentedJSON(v)
	if err == nil {
		_, err = a.Out.Write(b)
	}
	return err
}
