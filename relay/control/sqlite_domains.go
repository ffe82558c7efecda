package control

import (
	"database/sql"
	"errors"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

// Owner implements Lookup.
func (s *sqliteStore) Owner(host string) (account string, err error) {
	err = s.db.QueryRow("SELECT account FROM domains WHERE name = ?", host).Scan(&account)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", s.failed(err)
	}
	return account, nil
}

// Domains implements Store.
func (s *sqliteStore) Domains() ([]Domain, error) {
	return list(s, func(scan func(...any) error) (d Domain, err error) {
		var created int64
		err = scan(&d.Name, &d.Account, &created)
		d.Created = fromMilli(created)
		return d, err
	}, "SELECT name, account, created FROM domains ORDER BY name")
}

// ReserveDomain implements Store. To reserve a name for the account that has it changes nothing.
func (s *sqliteStore) ReserveDomain(name, account string) error {
	below := strings.TrimPrefix(name, "*.")
	last := below[strings.LastIndexByte(below, '.')+1:] // of digits alone, it is an address
	if !isPattern(below) || strings.Contains(below, "*") || last == below || strings.Trim(last, "0123456789") == "" {
		return invalid("%q is no whole host name, such as app.tunnel.example.com or www.example.com, nor a wildcard such as *.dev.example.com", name)
	}
	return s.change(func(tx *sql.Tx) error {
		var owner string
		switch err := tx.QueryRow("SELECT account FROM domains WHERE name = ?", name).Scan(&owner); {
		case err == nil && owner != account:
			return exists("%s is reserved for the account %q: release it first", name, owner)
		case err == nil:
			return nil
		case !errors.Is(err, sql.ErrNoRows):
			return err
		}
		_, err := tx.Exec("INSERT INTO domains (name, account, created) VALUES (?, ?, ?)", name, account, milli(time.Now()))
		if broke(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
			return notFound("there is no account %q", account)
		}
		return err
	})
}

// ReleaseDomain implements Store.
func (s *sqliteStore) ReleaseDomain(name string) error {
	return s.change(func(tx *sql.Tx) error {
		r, err := tx.Exec("DELETE FROM domains WHERE name = ?", name)
		return needOne(r, err, "%q is not reserved", name)
	})
}
