package inspect_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// shelf has content, or says why not.
type shelf map[inspect.Side]error

func (s shelf) Body(_ context.Context, _ inspect.ID, side inspect.Side) (inspect.Body, error) {
	return body{bytes.NewReader([]byte("kept " + side.String()))}, s[side]
}

type body struct{ *bytes.Reader }

func (body) Close() error { return nil }

func TestContentsAreWhatMemoryDoesNotHold(t *testing.T) {
	broken := errors.New("broken disk")
	for _, c := range []struct {
		name string
		from shelf
		kept int64 // of the request
		want string
		err  error
	}{
		{"memory has it", shelf{}, 2, "in", nil},
		{"the disk has more", shelf{}, 12, "kept request", nil},
		{"gone meanwhile", shelf{inspect.RequestSide: inspect.ErrNotFound}, 12, "in", nil},
		{"unreadable", shelf{inspect.RequestSide: broken}, 12, "in", broken},
	} {
		x := &inspect.Exchange{}
		x.Request.Body, x.Request.Kept = []byte("in"), c.kept
		open, err := inspect.OpenContents(t.Context(), c.from, inspect.Item{Exchange: x})
		got, _ := io.ReadAll(x.Request.Content(open.At(inspect.RequestSide)))
		if string(got) != c.want || !errors.Is(err, c.err) || open.At(inspect.ResponseSide) != nil {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
		open.Close()
	}
}
