package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/adit-tunnel/adit/inspect"
)

// Memos returns what a person has left on a list, newest first.
func (s *Store) Memos(_ context.Context, list inspect.MemoList) ([]string, error) {
	db, err := s.database()
	if err != nil {
		return nil, err
	}
	all, err := column[string](db, "SELECT text FROM memos WHERE list = ? ORDER BY n DESC", string(list))
	return all, explain(err)
}

// AddMemo puts a text on top of a list.
func (s *Store) AddMemo(ctx context.Context, list inspect.MemoList, text string) error {
	if err := checkMemo(text); err != nil {
		return err
	}
	db, err := s.database()
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, "INSERT OR REPLACE INTO memos (list, text) VALUES (?, ?)", string(list), text)
	if err == nil {
		_, err = db.ExecContext(ctx, "DELETE FROM memos WHERE list = ?1 AND n NOT IN (SELECT n FROM memos WHERE list = ?1 ORDER BY n DESC LIMIT ?2)",
			string(list), inspect.MaxMemos)
	}
	return explain(err)
}

// DeleteMemo takes a text from a list.
func (s *Store) DeleteMemo(ctx context.Context, list inspect.MemoList, text string) error {
	db, err := s.database()
	if err != nil {
		return err
	}
	r, err := db.ExecContext(ctx, "DELETE FROM memos WHERE list = ? AND text = ?", string(list), text)
	if err != nil {
		return explain(err)
	}
	if n, err := r.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return noMemo(list, text)
}

// Memos returns what a person has left on a list, newest first.
func (m *Memory) Memos(_ context.Context, list inspect.MemoList) ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.memos[list]), nil
}

// AddMemo puts a text on top of a list.
func (m *Memory) AddMemo(_ context.Context, list inspect.MemoList, text string) error {
	if err := checkMemo(text); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.memos == nil {
		m.memos = map[inspect.MemoList][]string{}
	}
	others := slices.DeleteFunc(m.memos[list], func(t string) bool { return t == text })
	all := slices.Insert(others, 0, text)
	m.memos[list] = all[:min(len(all), inspect.MaxMemos)]
	return nil
}

// DeleteMemo takes a text from a list.
func (m *Memory) DeleteMemo(_ context.Context, list inspect.MemoList, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	i := slices.Index(m.memos[list], text)
	if i < 0 {
		return noMemo(list, text)
	}
	m.memos[list] = slices.Delete(m.memos[list], i, i+1)
	return nil
}

// checkMemo says what is wrong with a text for a list.
func checkMemo(text string) error {
	switch {
	case text == "":
		return wrong("a memo is a text: this one is empty")
	case len(text) > inspect.MaxMemo:
		return wrong("the memo has %d bytes: at most %d fit", len(text), inspect.MaxMemo)
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return wrong("the memo %q has characters in it that are no text", text)
	}
	return nil
}

func noMemo(list inspect.MemoList, text string) error {
	return fmt.Errorf("memo %q of %s: %w", text, list, inspect.ErrNotFound)
}
