package control

import (
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"strings"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
)

const grantQuery = `SELECT t.id, t.account, a.plan, a.proof, t.scopes, p.endpoints, p.sessions, p.rate, p.bandwidth, p.session_seconds, p.random_only
	FROM tokens t JOIN accounts a ON a.name = t.account JOIN plans p ON p.name = a.plan WHERE t.absent = 0 AND `

// Authenticate implements Lookup. The token is looked up by its hash, as which nobody can choose to look alike with another one: how far a comparison came
// says nothing about a token.
func (s *sqliteStore) Authenticate(token string) (Grant, error) {
	if token == "" {
		return Grant{}, ErrUnknownToken
	}
	hash := sha256.Sum256([]byte(token))
	return s.grant("t.hash = ?", hash[:])
}

// Renew implements Lookup.
func (s *sqliteStore) Renew(g Grant) (Grant, error) {
	if g.token == "" || g.token == anyone {
		return Grant{}, ErrUnknownToken
	}
	switch version, err := s.version(); {
	case err != nil:
		return Grant{}, err
	case version == g.version:
		return g, nil
	}
	return s.grant("t.id = ?", g.token)
}

func (s *sqliteStore) grant(where string, arg any) (g Grant, err error) {
	version, err := s.version() // before the row: a change in between is then seen the next time
	if err != nil {
		return Grant{}, err
	}
	var scopes string
	l := &g.Limits
	err = s.db.QueryRow(grantQuery+where, arg).Scan(&g.token, &g.Account, &g.Plan, &g.Proof, &scopes,
		&l.Endpoints, &l.Sessions, &l.Rate, &l.Bandwidth, &l.SessionFor, &l.RandomOnly)
	if errors.Is(err, sql.ErrNoRows) {
		return Grant{}, ErrUnknownToken
	}
	if err == nil {
		err = json.Unmarshal([]byte(scopes), &g.Scopes)
	}
	if err != nil {
		return Grant{}, s.failed(err)
	}
	g.version = version
	return g, nil
}

// Tokens implements Store.
func (s *sqliteStore) Tokens(account string) ([]Token, error) {
	return list(s, func(scan func(...any) error) (t Token, err error) {
		var scopes string
		var created int64
		if err := scan(&t.ID, &t.Account, &scopes, &t.Note, &t.File, &t.Absent, &created); err != nil {
			return t, err
		}
		t.Created = fromMilli(created)
		return t, json.Unmarshal([]byte(scopes), &t.Scopes)
	}, "SELECT id, account, scopes, note, file, absent, created FROM tokens WHERE ?1 = '' OR account = ?1 ORDER BY created, id", account)
}

// CreateToken implements Store.
func (s *sqliteStore) CreateToken(t Token) (secret string, made Token, err error) {
	if t, err = t.tidy(); err != nil {
		return "", Token{}, err
	}
	if secret, err = newToken(rand.Reader); err != nil {
		return "", Token{}, err
	}
	t.File, t.Absent = "", false
	err = s.change(func(tx *sql.Tx) error {
		t, err = addToken(tx, t, sha256.Sum256([]byte(secret)))
		return err
	})
	if err != nil {
		return "", Token{}, err
	}
	return secret, t, nil
}

func addToken(tx *sql.Tx, t Token, hash [sha256.Size]byte) (Token, error) {
	t.ID, t.Created = newTokenID(), fromMilli(milli(time.Now()))
	scopes, err := json.Marshal(t.Scopes)
	if err != nil {
		return Token{}, err
	}
	_, err = tx.Exec("INSERT INTO tokens (id, hash, account, scopes, note, file, absent, created) VALUES (?, ?, ?, ?, ?, ?, 0, ?)",
		t.ID, hash[:], t.Account, string(scopes), t.Note, t.File, milli(t.Created))
	if broke(err, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY) {
		return Token{}, notFound("there is no account %q", t.Account)
	}
	if err == nil {
		_, err = tx.Exec("UPDATE changes SET used = 1")
	}
	return t, err
}

// newTokenID is a token's name for people: short, and no secret.
func newTokenID() string { return "tok_" + strings.ToLower(rand.Text()[:12]) }

// RevokeToken implements Store.
func (s *sqliteStore) RevokeToken(id string) error {
	return s.change(func(tx *sql.Tx) error {
		r, err := tx.Exec("DELETE FROM tokens WHERE id = ?", id)
		return needOne(r, err, "there is no token %q: it is the id that \"adit relay token list\" shows, not the token itself", redact(id))
	})
}

// redact hides what may be a token that was given in an id's place.
func redact(id string) string {
	if strings.HasPrefix(id, TokenPrefix) {
		return TokenPrefix + "…"
	}
	return id
}

// Empty implements Store.
func (s *sqliteStore) Empty() (bool, error) { return s.ask("SELECT NOT EXISTS (SELECT 1 FROM tokens)") }

// Unused implements Store.
func (s *sqliteStore) Unused() (bool, error) { return s.ask("SELECT NOT used FROM changes") }

// ask answers a question by yes or no.
func (s *sqliteStore) ask(query string) (yes bool, err error) {
	if err = s.db.QueryRow(query).Scan(&yes); err != nil {
		return false, s.failed(err)
	}
	return yes, nil
}
