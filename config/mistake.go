package config

import (
	"errors"
	"fmt"
)

// KeyError is a mistake in what somebody wrote, or asked the local API for. It never holds a secret.
type KeyError struct {
	Where string // "PATH:LINE", "env NAME", "flag --NAME", "api"
	Key   string // the key that is wrong, as it is written; "" when Where says it or all of it is wrong
	Text  string // what is wrong with it
}

// Error implements error: where, key and what is wrong.
func (e *KeyError) Error() string {
	if e.Key == "" {
		return e.Where + ": " + e.Text
	}
	return e.Where + ": " + e.Key + ": " + e.Text
}

// NotYet is a key that was used and whose behaviour this version does not have. What uses it is refused when it is started.
type NotYet struct {
	Key   string // as it is written
	Where string // "file PATH:LINE", "flag --NAME", "api"
}

// mistakes gathers all that is wrong.
type mistakes []error

func (m *mistakes) add(where, key, format string, a ...any) {
	*m = append(*m, &KeyError{where, key, fmt.Sprintf(format, a...)})
}

// join makes one error of all mistakes, nil when there is none.
func join(m mistakes) error { return errors.Join(m...) }
