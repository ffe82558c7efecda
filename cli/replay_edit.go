package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/edit"
	"github.com/adit-tunnel/adit/inspect/view"
)

// change is what the flags change of an exchange; nil: nothing.
func (s *sender) change(it inspect.Item) (*inspect.Edit, error) {
	o := &s.o
	e := &inspect.Edit{Method: o.method, Target: o.path, Body: s.body}
	if len(o.headers) > 0 {
		e.Fields = append([]inspect.Field{}, view.Headers(it.Request.Head)...)
	}
	for _, h := range o.headers {
		var err error
		if e.Fields, err = changeField(e.Fields, h); err != nil {
			return nil, err
		}
	}
	if e.Method == "" && e.Target == "" && e.Fields == nil && e.Body == nil {
		return nil, nil
	}
	return e, nil
}

// changeField puts a field in, in the place of the first of its name, or takes all of its name out.
func changeField(fs []inspect.Field, change string) ([]inspect.Field, error) {
	name, value, hasColon := strings.Cut(change, ":")
	value = strings.Trim(value, " \t")
	if !hasColon {
		bare, empty := strings.CutSuffix(change, ";")
		if !empty {
			return nil, usage("--header %q has no colon\n  write it as 'Name: value', 'Name:' to take it out, 'Name;' to send it empty", change)
		}
		name = bare
	}
	if strings.EqualFold(name, "Content-Length") || strings.EqualFold(name, "Transfer-Encoding") {
		return nil, usage("--header %s: how long the content is follows from the content\n  --body changes that", name)
	}
	same := func(f inspect.Field) bool { return strings.EqualFold(f.Name, name) }
	at := slices.IndexFunc(fs, same)
	fs = slices.DeleteFunc(fs, same)
	if hasColon && value == "" {
		return fs, nil
	}
	if at < 0 {
		at = len(fs)
	}
	return slices.Insert(fs, at, inspect.Field{Name: name, Value: value}), nil
}

// largestContent is how much content an edit may have.
const largestContent = 1 << 20

// content is what --body names; never nil.
func (a *app) content(arg string) ([]byte, error) {
	name, isFile := strings.CutPrefix(arg, "@")
	if !isFile {
		return append([]byte{}, arg...), nil
	}
	from := a.In
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	b, err := io.ReadAll(io.LimitReader(from, largestContent+1))
	if err == nil && len(b) > largestContent {
		err = fmt.Errorf("%s has more than %s, the most that can be sent in another's place", name, view.Size(largestContent))
	}
	return b, err
}

// editByHand opens the request in an editor, once more as long as what is there cannot be sent, and says what will be.
func (s *sender) editByHand(ctx context.Context, at *agentAPI, it inspect.Item) error {
	r, err := s.resend(it)
	if err != nil {
		return err
	}
	session, err := edit.Begin(edit.Text(it.Exchange, it.Request.Body), s.a.env)
	if err != nil {
		return usage("%w", err)
	}
	defer session.End()
	for {
		if err := s.a.runEditorOn(session); err != nil {
			return err
		}
		e, again, err := session.Read()
		switch {
		case again:
			continue
		case err != nil:
			return &exitError{exitNo, err}
		}
		r.Edit = e
		p, err := at.Prepare(ctx, it.ID, r)
		var wrong *inspect.EditError
		switch {
		case err == nil:
			fmt.Fprint(s.a.Err, preparedText(p))
			s.edit = e
			return nil
		case !errors.As(err, &wrong) || !edited(wrong):
			return err
		}
		if err := session.Refuse(wrong); err != nil {
			return err
		}
	}
}

// edited says that a mistake is in what was edited.
func edited(wrong *inspect.EditError) bool { return wrong.Key != "to" && wrong.Key != "resign" }

func (a *app) runEditorOn(session *edit.Session) error {
	c := session.Command()
	c.Stdin, c.Stdout, c.Stderr = a.In, a.Out, a.Err
	if !a.screenOf(a.Out).terminal && a.screenOf(a.Err).terminal {
		c.Stdout = a.Err // what is printed goes elsewhere
	}
	if err := runEditor(c); err != nil {
		return fmt.Errorf("the editor: %w\n  nothing is sent; choose another one with EDITOR", err)
	}
	return nil
}

// preparedText is what will be sent, for people.
func preparedText(p inspect.Prepared) string {
	var b strings.Builder
	fmt.Fprintf(&b, "to %s:\n", view.Sanitize(p.To))
	for line := range bytes.Lines(bytes.TrimSuffix(p.Head, []byte("\r\n"))) {
		b.WriteString("  " + view.Sanitize(strings.TrimRight(string(line), "\r\n")) + "\n")
	}
	fmt.Fprintf(&b, "  and %s of content\n", view.Size(p.Size))
	return b.String()
}
