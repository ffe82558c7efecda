package control

import (
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"fmt"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// proofPrefix begins an account's proof, so that people who find it in the DNS know what it is.
const proofPrefix = "adit-account="

// Plans implements Store.
func (s *sqliteStore) Plans() ([]Plan, error) {
	return list(s, func(scan func(...any) error) (p Plan, err error) {
		err = scan(&p.Name, &p.Endpoints, &p.Sessions, &p.Rate, &p.Bandwidth, &p.SessionFor, &p.RandomOnly)
		return p, err
	}, "SELECT name, endpoints, sessions, rate, bandwidth, session_seconds, random_only FROM plans ORDER BY name")
}

// addPlan wants the values of a plan.
const addPlan = "INSERT INTO plans (name, endpoints, sessions, rate, bandwidth, session_seconds, random_only) VALUES (?, ?, ?, ?, ?, ?, ?)"

// SetPlan implements Store.
func (s *sqliteStore) SetPlan(p Plan) error {
	if err := p.check(); err != nil {
		return err
	}
	return s.change(func(tx *sql.Tx) error {
		_, err := tx.Exec(addPlan+` ON CONFLICT (name) DO UPDATE SET endpoints = excluded.endpoints, sessions = excluded.sessions, rate = excluded.rate,
			bandwidth = excluded.bandwidth, session_seconds = excluded.session_seconds, random_only = excluded.random_only`,
			p.Name, p.Endpoints, p.Sessions, p.Rate, p.Bandwidth, p.SessionFor, p.RandomOnly)
		return err
	})
}

// DeletePlan implements Store.
func (s *sqliteStore) DeletePlan(name string) error {
	return s.change(func(tx *sql.Tx) error {
		r, err := tx.Exec("DELETE FROM plans WHERE name = ?", name)
		if broke(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
			return &Error{ErrInUse, fmt.Sprintf("accounts have the plan %q: give them another one first", name)}
		}
		return needOne(r, err, "there is no plan %q", name)
	})
}

// Accounts implements Store.
func (s *sqliteStore) Accounts() ([]Account, error) {
	return list(s, func(scan func(...any) error) (a Account, err error) {
		var created int64
		err = scan(&a.Name, &a.Plan, &a.Proof, &created)
		a.Created = fromMilli(created)
		return a, err
	}, "SELECT name, plan, proof, created FROM accounts ORDER BY name")
}

// CreateAccount implements Store.
func (s *sqliteStore) CreateAccount(name, plan string) (a Account, err error) {
	err = s.change(func(tx *sql.Tx) error {
		a, err = addAccount(tx, name, plan)
		return err
	})
	return a, err
}

func addAccount(tx *sql.Tx, name, plan string) (Account, error) {
	if err := checkName("account", name); err != nil {
		return Account{}, err
	}
	var random [16]byte
	rand.Read(random[:])
	a := Account{Name: name, Plan: plan, Proof: proofPrefix + hex.EncodeToString(random[:]), Created: fromMilli(milli(time.Now()))}
	_, err := tx.Exec("INSERT INTO accounts (name, plan, proof, created) VALUES (?, ?, ?, ?)", a.Name, a.Plan, a.Proof, milli(a.Created))
	switch {
	case broke(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY):
		return Account{}, exists("there is an account %q already", name)
	case broke(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY):
		return Account{}, noPlan(plan)
	}
	return a, err
}

// SetAccount implements Store.
func (s *sqliteStore) SetAccount(name, plan string) error {
	return s.change(func(tx *sql.Tx) error {
		r, err := tx.Exec("UPDATE accounts SET plan = ? WHERE name = ?", plan, name)
		if broke(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
			return noPlan(plan)
		}
		return needOne(r, err, "there is no account %q", name)
	})
}

// DeleteAccount implements Store.
func (s *sqliteStore) DeleteAccount(name string) error {
	return s.change(func(tx *sql.Tx) error {
		r, err := tx.Exec("DELETE FROM accounts WHERE name = ?", name)
		return needOne(r, err, "there is no account %q", name)
	})
}

func noPlan(name string) *Error {
	return notFound("there is no plan %q: make it with \"adit relay plan set %s\"", name, name)
}
