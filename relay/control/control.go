// Package control is what the relay's owner decides: accounts and their plans, tokens, reserved domains. It also keeps what the relay's certificates need kept.
//
// A Store keeps it. Open is the one that a relay alone has, an SQLite file in its state directory, which the command line and the running relay may use at
// the same time. The agents' side asks only a Lookup, which every Store is; Memory and Anyone are lookups without a store, for an embedded relay.
// Package controltest says what a Store must do; another one has to pass it.
package control

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"sync/atomic"
	"time"
)

// ErrUnknownToken says that nobody has this token, or not any more. It never holds the token.
var ErrUnknownToken = errors.New("unknown token")

// Grant is what a token gives.
type Grant struct {
	Account string
	Plan    string
	Proof   string // what a TXT record holds that proves a domain for the account; "" none does
	Scopes  Scopes
	Limits  Limits

	token   string            // its id
	hash    [sha256.Size]byte // of a token in memory
	version int64             // of the store, when it was looked up
}

// Lookup answers what the agents' side asks. Safe for concurrent use. The owner closes it.
type Lookup interface {
	// Authenticate returns what the token gives, or ErrUnknownToken, which "" is but for Anyone; any other error says that it cannot be known at the moment. The
	// time it takes says nothing about tokens, and it keeps no copy of this one.
	Authenticate(token string) (Grant, error)
	// Renew returns what the token of g gives now: its plan may have changed. ErrUnknownToken: it was withdrawn. It is cheap, and may answer for a moment as
	// before a change.
	Renew(g Grant) (Grant, error)
	// Owner is the account for which a canonical host name, or a wildcard such as *.dev.example.com, is reserved as it stands; "" none.
	Owner(host string) (account string, err error)
	Close() error
}

// Store is a Lookup that can be changed. Errors that are the caller's to mend are *Error.
type Store interface {
	Lookup

	// Plans lists them by name; SetPlan makes one or changes it, and what is changed holds for sessions that are online, too. A plan that accounts have is
	// not deleted (ErrInUse).
	Plans() ([]Plan, error)
	SetPlan(Plan) error
	DeletePlan(name string) error

	// Accounts lists them by name. CreateAccount makes one (ErrExists) on a plan that there is (ErrNotFound), SetAccount gives it another one. With an account go
	// its tokens and domains.
	Accounts() ([]Account, error)
	CreateAccount(name, plan string) (Account, error)
	SetAccount(name, plan string) error
	DeleteAccount(name string) error

	// Tokens lists those of an account, "": of all, oldest first. CreateToken fills in ID and Created and returns the token itself, which is kept nowhere.
	Tokens(account string) ([]Token, error)
	CreateToken(Token) (secret string, made Token, err error)
	RevokeToken(id string) error
	// Empty says that there is no token, Unused that there never was one.
	Empty() (bool, error)
	Unused() (bool, error)
	// Adopt makes the lines of a token file tokens, once each: one that was revoked since does not come back. Those that came from this file and have no line
	// in it any more do not stand until they have one again.
	Adopt(file string, lines []Line) (Adopted, error)

	// Domains lists them by name. ReserveDomain wants a canonical host name, or a wildcard of one, that nobody else has (ErrExists).
	Domains() ([]Domain, error)
	ReserveDomain(name, account string) error
	ReleaseDomain(name string) error

	// The storage of certificates: values by key, whose parts are parted by "/". Item gives ErrNotFound; Items lists the keys below a prefix, sorted;
	// DeleteItem takes what is below the key with it, and nothing is no error. AddItem is PutItem for one of several that may ask at once: ErrExists if there
	// is one under the key that was put there less than stale ago, so that it serves as a lock.
	Item(key string) (Item, error)
	PutItem(key string, value []byte) error
	AddItem(key string, value []byte, stale time.Duration) error
	DeleteItem(key string) error
	Items(prefix string) ([]string, error)
}

// Item is a value in the storage of certificates.
type Item struct {
	Value    []byte
	Modified time.Time
}

// Kinds of mistakes, for errors.Is.
var (
	ErrNotFound = errors.New("not found")
	ErrExists   = errors.New("exists already")
	ErrInUse    = errors.New("in use")
	ErrInvalid  = errors.New("not valid")
	ErrReadOnly = errors.New("the store is read-only")
)

// Error is a mistake of the caller's: its kind, and the whole sentence.
type Error struct {
	Kind error
	Text string
}

// Error is the sentence; Unwrap gives the kind.
func (e *Error) Error() string { return e.Text }
func (e *Error) Unwrap() error { return e.Kind }

// Memory is a lookup of tokens in memory; the map's keys are the tokens, of which only hashes are kept.
func Memory(tokens map[string]Grant) Lookup {
	var m memory
	for token, g := range tokens {
		g.hash = sha256.Sum256([]byte(token))
		m = append(m, g)
	}
	return m
}

type memory []Grant

// Authenticate walks all of it whatever it meets, so that its time says nothing about the token.
func (m memory) Authenticate(token string) (Grant, error) {
	hash := sha256.Sum256([]byte(token))
	found := -1
	for i := range m {
		same := subtle.ConstantTimeCompare(hash[:], m[i].hash[:])
		found = subtle.ConstantTimeSelect(same, i, found)
	}
	if found < 0 || token == "" {
		return Grant{}, ErrUnknownToken
	}
	return m[found], nil
}

func (m memory) Renew(g Grant) (Grant, error) {
	for _, own := range m {
		if own.hash == g.hash {
			return own, nil
		}
	}
	return Grant{}, ErrUnknownToken
}

func (memory) Owner(string) (string, error) { return "", nil }
func (memory) Close() error                 { return nil }

// Anyone is a lookup that gives g to everybody, with any token or none: for a relay that only this machine can reach.
func Anyone(g Grant) Lookup {
	g.token = anyone
	return everybody(g)
}

// anyone stands in a grant that came without a token.
const anyone = "anyone"

type everybody Grant

func (e everybody) Authenticate(string) (Grant, error) { return Grant(e), nil }
func (everybody) Owner(string) (string, error)         { return "", nil }
func (everybody) Close() error                         { return nil }

func (e everybody) Renew(g Grant) (Grant, error) {
	if g.token != anyone {
		return Grant{}, ErrUnknownToken
	}
	return Grant(e), nil
}

// WhileUnused is the store s, but until it has its first token, everybody gets g: to revoke the last one lets nobody in. Closing it closes s.
func WhileUnused(s Store, g Grant) Lookup { return &whileUnused{Store: s, open: Anyone(g)} }

type whileUnused struct {
	Store
	open Lookup
	shut atomic.Bool // it has had a token
}

// Unused implements Store, and remembers that it has had a token.
func (w *whileUnused) Unused() (bool, error) {
	if w.shut.Load() {
		return false, nil
	}
	unused, err := w.Store.Unused()
	if err == nil && !unused {
		w.shut.Store(true)
	}
	return unused, err
}

func (w *whileUnused) Authenticate(token string) (Grant, error) {
	switch unused, err := w.Unused(); {
	case err != nil:
		return Grant{}, err
	case unused:
		return w.open.Authenticate(token)
	}
	return w.Store.Authenticate(token)
}

func (w *whileUnused) Renew(g Grant) (Grant, error) {
	if g.token != anyone {
		return w.Store.Renew(g)
	}
	switch unused, err := w.Unused(); {
	case err != nil:
		return Grant{}, err
	case unused:
		return w.open.Renew(g)
	}
	return Grant{}, ErrUnknownToken
}

// Join is a lookup that asks each of all in turn and closes them all.
func Join(all ...Lookup) Lookup { return joined(all) }

type joined []Lookup

func (j joined) Authenticate(token string) (Grant, error) {
	return j.ask(func(l Lookup) (Grant, error) { return l.Authenticate(token) })
}

func (j joined) Renew(g Grant) (Grant, error) {
	return j.ask(func(l Lookup) (Grant, error) { return l.Renew(g) })
}

func (j joined) ask(f func(Lookup) (Grant, error)) (Grant, error) {
	for _, l := range j {
		if g, err := f(l); !errors.Is(err, ErrUnknownToken) {
			return g, err
		}
	}
	return Grant{}, ErrUnknownToken
}

func (j joined) Owner(host string) (string, error) {
	for _, l := range j {
		if account, err := l.Owner(host); err != nil || account != "" {
			return account, err
		}
	}
	return "", nil
}

func (j joined) Close() error {
	var errs []error
	for _, l := range j {
		errs = append(errs, l.Close())
	}
	return errors.Join(errs...)
}
