package tui

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
)

// whole is an exchange with what was kept of its contents. It belongs to the command that has opened it.
type whole struct {
	inspect.Item
	inspect.Contents
}

// whole opens an exchange. The caller closes it.
func (w *work) whole(ctx context.Context, id inspect.ID) (*whole, error) {
	it, err := w.source.Reader.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	c, _ := inspect.OpenContents(ctx, w.source.Reader, it) // what is in memory is shown without the rest, too
	return &whole{it, c}, nil
}

// message is that of one side, if there is one and it was kept.
func (o *whole) message(side inspect.Side) (*inspect.Message, error) {
	switch m := o.Message(side); {
	case m == nil:
		return nil, errors.New("no response has come")
	case len(m.Head) == 0:
		return nil, errors.New("only the line of this request was kept")
	default:
		return m, nil
	}
}

// raw is a message as it passed.
func (o *whole) raw(side inspect.Side) (string, error) {
	m, err := o.message(side)
	if err != nil {
		return "", err
	}
	if m.Kept > copyMost {
		return "", errTooMuch
	}
	var b bytes.Buffer
	err = export.Raw(&b, m, o.At(side))
	return b.String(), err
}

// content is that of one side without its codings.
func (o *whole) content(side inspect.Side) (string, error) {
	m, err := o.message(side)
	if err != nil {
		return "", err
	}
	p := view.Decoded(m, o.At(side), copyMost)
	switch {
	case p.More:
		return "", errTooMuch
	case len(p.Data) == 0:
		return "", fmt.Errorf("the %s has no body", side)
	}
	return string(p.Data), nil
}

// heads are those of both sides, with the line ends of text.
func (o *whole) heads() (string, error) {
	m, err := o.message(inspect.RequestSide)
	if err != nil {
		return "", err
	}
	text := m.Head
	if answer, err := o.message(inspect.ResponseSide); err == nil {
		text = append(bytes.Clone(text), answer.Head...)
	}
	return string(bytes.ReplaceAll(bytes.TrimSuffix(text, []byte("\r\n\r\n")), []byte("\r\n"), []byte("\n"))) + "\n", nil
}
