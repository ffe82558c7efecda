package control

import (
	"crypto/sha256"
	"database/sql"
)

// Adopt implements Store. It begins to write only when something has changed, so that a store that cannot be written goes on with a file that says nothing new.
func (s *sqliteStore) Adopt(file string, lines []Line) (a Adopted, err error) {
	todo, err := s.compare(file, lines)
	if err != nil || todo.nothing() {
		return Adopted{File: file}, err
	}
	err = s.change(func(tx *sql.Tx) error {
		a = Adopted{File: file}
		for _, l := range todo.fresh {
			if err := adoptLine(tx, &a, l); err != nil {
				return err
			}
		}
		for _, t := range todo.absent {
			if _, err := tx.Exec("UPDATE tokens SET absent = 1 WHERE id = ?", t.ID); err != nil {
				return err
			}
		}
		for _, t := range todo.moved {
			if _, err := tx.Exec("UPDATE tokens SET absent = 0, file = ? WHERE id = ?", file, t.ID); err != nil {
				return err
			}
			if t.Absent {
				a.Returned = append(a.Returned, t)
			}
		}
		a.Absent = todo.absent
		return nil
	})
	return a, err
}

// difference is what a token file says that the store does not know.
type difference struct {
	fresh  []Line  // never seen
	absent []Token // without a line
	moved  []Token // with a line again, or in another file than before
}

func (d difference) nothing() bool { return len(d.fresh)+len(d.absent)+len(d.moved) == 0 }

func (s *sqliteStore) compare(file string, lines []Line) (d difference, err error) {
	known, err := s.adopted()
	if err != nil {
		return d, err
	}
	in := map[[sha256.Size]byte]bool{}
	for _, l := range lines {
		in[l.Hash] = true
		t, seen := known[l.Hash]
		switch {
		case !seen:
			d.fresh = append(d.fresh, l)
		case t.ID != "" && (t.Absent || t.File != file):
			d.moved = append(d.moved, t)
		}
	}
	for hash, t := range known {
		if t.ID != "" && t.File == file && !t.Absent && !in[hash] {
			d.absent = append(d.absent, t)
		}
	}
	return d, nil
}

// adopted are the tokens that came from files, by hash; those that were revoked since have no id.
func (s *sqliteStore) adopted() (map[[sha256.Size]byte]Token, error) {
	known := map[[sha256.Size]byte]Token{}
	_, err := list(s, func(scan func(...any) error) (struct{}, error) {
		var hash []byte
		var t Token
		err := scan(&hash, &t.ID, &t.Account, &t.File, &t.Absent)
		if err == nil && len(hash) == sha256.Size {
			known[[sha256.Size]byte(hash)] = t
		}
		return struct{}{}, err
	}, `SELECT a.hash, coalesce(t.id, ''), coalesce(t.account, ''), coalesce(t.file, ''), coalesce(t.absent, 0)
		FROM adopted a LEFT JOIN tokens t ON t.hash = a.hash ORDER BY t.created, t.id`)
	return known, err
}

// adoptLine makes a line a token, with its account and that one's plan if they are new.
func adoptLine(tx *sql.Tx, a *Adopted, l Line) error {
	if _, err := tx.Exec("INSERT INTO adopted (hash) VALUES (?)", l.Hash[:]); err != nil {
		return err
	}
	var known bool
	if err := tx.QueryRow("SELECT EXISTS (SELECT 1 FROM accounts WHERE name = ?)", l.Account).Scan(&known); err != nil {
		return err
	}
	if !known {
		if _, err := tx.Exec(addPlan+" ON CONFLICT DO NOTHING", l.Plan, 0, 0, 0, 0, 0, 0); err != nil {
			return err
		}
		if _, err := addAccount(tx, l.Account, l.Plan); err != nil {
			return err
		}
		a.Accounts = append(a.Accounts, l.Account)
	}
	a.Lines = append(a.Lines, l.Number)
	_, err := addToken(tx, Token{Account: l.Account, File: a.File}, l.Hash)
	return err
}
