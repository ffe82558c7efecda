// Package control knows accounts and tokens. Two stores stand behind one interface: a token file that is read again when it changes (OpenFile,
// written by CreateToken), and tokens in memory (Memory, Anyone).
package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
)

// ErrUnknownToken says that nobody has this token. It never holds the token.
var ErrUnknownToken = errors.New("unknown token")

// Grant is what a token gives. Two are equal when the same token gave them.
type Grant struct {
	Account string
	Plan    string

	hash [sha256.Size]byte // of the token; zero: it stands without one
}

// Store looks tokens up. Safe for concurrent use. The owner closes it.
type Store interface {
	// Authenticate returns what the token gives, or ErrUnknownToken, which "" is but for Anyone. It compares in time that does not depend on the token, and keeps no copy of it.
	Authenticate(token string) (Grant, error)
	// Stands reports whether what Authenticate returned still holds: its token has not been withdrawn.
	Stands(g Grant) bool
	Close() error
}

// Memory is a store of tokens in memory; the map's keys are the tokens, of which only hashes are kept.
func Memory(tokens map[string]Grant) Store {
	t := make(table, 0, len(tokens))
	for token, g := range tokens {
		t = append(t, entry{hash: sha256.Sum256([]byte(token)), grant: g})
	}
	return memory{t}
}

type memory struct{ table table }

func (m memory) Authenticate(token string) (Grant, error) { return m.table.find(token) }
func (m memory) Stands(g Grant) bool                      { return m.table.holds(g) }
func (m memory) Close() error                             { return nil }

// Anyone is a store that gives g to everybody, with any token or none: for a relay that only this machine can reach.
func Anyone(g Grant) Store { return anyone(g) }

type anyone Grant

func (a anyone) Authenticate(string) (Grant, error) { return Grant(a), nil }
func (a anyone) Stands(g Grant) bool                { return g == Grant(a) }
func (a anyone) Close() error                       { return nil }

// Join is a store that asks each of stores in turn and closes them all.
func Join(stores ...Store) Store { return joined(stores) }

type joined []Store

func (j joined) Authenticate(token string) (Grant, error) {
	for _, s := range j {
		g, err := s.Authenticate(token)
		if !errors.Is(err, ErrUnknownToken) {
			return g, err
		}
	}
	return Grant{}, ErrUnknownToken
}

func (j joined) Stands(g Grant) bool {
	return slices.ContainsFunc(j, func(s Store) bool { return s.Stands(g) })
}

func (j joined) Close() error {
	var errs []error
	for _, s := range j {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// table is what has been read, in order. A token has 256 random bits, so a plain SHA-256 of it can be guessed no more than the token itself:
// a slow password hash would add nothing but a way to keep the relay busy.
type table []entry

type entry struct {
	hash  [sha256.Size]byte
	grant Grant
	line  int
}

// find walks the whole table whatever it meets, so that its time says nothing about the token.
func (t table) find(token string) (Grant, error) {
	if token == "" {
		return Grant{}, ErrUnknownToken
	}
	hash := sha256.Sum256([]byte(token))
	found := -1
	for i := range t {
		same := subtle.ConstantTimeCompare(hash[:], t[i].hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 {
		return Grant{}, ErrUnknownToken
	}
	g := t[found].grant
	g.hash = t[found].hash
	return g, nil
}

// holds says that the token of g is in the table.
func (t table) holds(g Grant) bool {
	return slices.ContainsFunc(t, func(e entry) bool { return e.hash == g.hash })
}

// checkName holds account and plan names to what can stand in a line of the file, in a log line and on a screen without being quoted.
func checkName(what, s string) error {
	if s == "" {
		return fmt.Errorf("the %s is missing", what)
	}
	if len(s) > 64 {
		return fmt.Errorf("the %s is longer than 64 characters", what)
	}
	for i, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || i > 0 && (c == '-' || c == '_' || c == '.' || c == '@') {
			continue
		}
		return fmt.Errorf("the %s %q may hold letters, digits and -_.@ only, and begins with a letter or digit", what, s)
	}
	return nil
}
