package store

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"

	"github.com/adit-tunnel/adit/inspect"
)

// text is the content of one side of a row as filters and words see it; nil: there is none, or it is not text.
func (s *Store) text(ctx context.Context, q querier, it inspect.Item, side inspect.Side) ([]byte, error) {
	m := it.Message(side)
	if m == nil || m.Kept == 0 {
		return nil, nil
	}
	file, body, err := content(ctx, q, it.Seq, side)
	if err != nil {
		return nil, err
	}
	r := io.Reader(bytes.NewReader(body))
	if file != "" {
		b, err := s.openBody(file, m.Kept)
		switch {
		case errors.Is(err, fs.ErrNotExist) || errors.Is(err, inspect.ErrNotFound):
			return nil, nil
		case err != nil:
			return nil, err
		}
		defer b.Close()
		r = io.NewSectionReader(b, 0, m.Kept)
	}
	return io.ReadAll(r)
}

// content is what the database has of one side: a file's place, or the bytes.
func content(ctx context.Context, q querier, seq uint64, side inspect.Side) (file string, body []byte, err error) {
	rows, err := q.QueryContext(ctx, "SELECT file, body FROM messages WHERE key = ?", int64(seq)*2+int64(side))
	if err != nil {
		return "", nil, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&file, &body)
	}
	return file, body, errors.Join(err, rows.Err())
}
