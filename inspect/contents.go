package inspect

import (
	"context"
	"errors"
	"io"
)

// Bodies is what OpenContents needs of a Reader.
type Bodies interface {
	Body(ctx context.Context, id ID, side Side) (Body, error)
}

// Contents reads what was kept of both contents of an exchange. The zero value has what memory has.
type Contents struct{ sides [2]Body }

// OpenContents opens the contents of which more was kept than memory holds. The caller closes them. The error joins what could not be opened, beside what is not
// kept any more: of that, and of nothing else, the Contents have no more than memory.
func OpenContents(ctx context.Context, from Bodies, it Item) (c Contents, err error) {
	for side := range c.sides {
		m := it.Message(Side(side))
		if m == nil || m.Kept <= int64(len(m.Body)) {
			continue
		}
		body, wrong := from.Body(ctx, it.ID, Side(side))
		switch {
		case wrong == nil:
			c.sides[side] = body
		case !errors.Is(wrong, ErrNotFound):
			err = errors.Join(err, wrong)
		}
	}
	return c, err
}

// At reads the Kept bytes of one side; nil: what is in memory is all there is.
func (c *Contents) At(side Side) io.ReaderAt {
	if b := c.sides[side]; b != nil {
		return b
	}
	return nil
}

// Close closes what was opened.
func (c *Contents) Close() {
	for _, b := range c.sides {
		if b != nil {
			_ = b.Close() // it was only read
		}
	}
}
