package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/decode"
)

// textOf is the content of one side as filters and words see it; nil: there is none, or it is not text. No more than maxHeld bytes of content count.
func textOf(x *inspect.Exchange, side inspect.Side, content []byte) []byte {
	m := x.Message(side)
	if m == nil {
		return nil
	}
	return decode.Text(m.Head, x.UpgradeHead(), content[:min(len(content), maxHeld)])
}

// text is textOf of a row.
func (s *Store) text(ctx context.Context, q querier, it inspect.Item, side inspect.Side) ([]byte, error) {
	m := it.Message(side)
	if m == nil || m.Kept == 0 {
		return nil, nil
	}
	file, content, err := contentOf(ctx, q, it.Seq, side)
	if err == nil && file != "" {
		content, err = s.beginning(file, m.Kept)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, inspect.ErrNotFound) {
		return nil, nil // deleted meanwhile, or lost
	}
	return textOf(it.Exchange, side, content), err
}

// contentOf is what the database has of one side: a file's place, or the bytes.
func contentOf(ctx context.Context, q querier, seq uint64, side inspect.Side) (file string, content []byte, err error) {
	rows, err := q.QueryContext(ctx, "SELECT file, body FROM messages WHERE key = ?", int64(seq)*2+int64(side))
	if err != nil {
		return "", nil, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&file, &content)
	}
	return file, content, errors.Join(err, rows.Err())
}

// beginning reads what text needs of a file with kept bytes of content.
func (s *Store) beginning(file string, kept int64) ([]byte, error) {
	b, err := s.openBody(file, kept)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	var content bytes.Buffer
	_, err = io.Copy(&content, io.NewSectionReader(b, 0, min(kept, maxHeld)))
	return content.Bytes(), err
}
