package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
)

// requestForms are the flags that have "adit request" print something else than what people read; only one can be given.
var requestForms = []string{"json", "body", "raw", "curl", "httpie", "fetch", "har", "diff"}

func (a *app) requestCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "request id",
		Short:   "Show one captured request with its response",
		GroupID: "inspect",
		Long: `Show a captured request and what came of it: in words, with heads and contents laid out,
or in another form. It is named by its ID, by four or more characters of the ID's beginning
or end, or by the word "last". Exact bytes are for files and pipes: on a terminal they are
shown with escapes.`,
		Example: `  adit request last
  adit request 1f0c93ab --body > payload.json
  adit request 1f0c93ab --body=response | jq .
  adit request 1f0c93ab --curl | sh
  adit request 1f0c93ab --diff last`,
		Args:              exactly("the request's ID", newest),
		ValidArgsFunction: a.completeExchanges,
		RunE: func(c *cobra.Command, args []string) error {
			form, value, err := requestForm(c)
			if err != nil {
				return err
			}
			return a.withCaptures(c, func(ctx context.Context, s captures) error { return a.runRequest(ctx, s, args[0], form, value) })
		},
	}
	f := c.Flags()
	f.Bool("json", false, "print it as JSON, with the fields of the local API")
	for _, name := range []string{"body", "raw"} {
		what := map[string]string{"body": "content", "raw": "message, head and content,"}[name]
		f.String(name, "", "print the exact "+what+" of one `SIDE`: --"+name+" is the request, --"+name+"=response the response")
		f.Lookup(name).NoOptDefVal = inspect.RequestSide.String()
		_ = c.RegisterFlagCompletionFunc(name, cobra.FixedCompletions([]string{inspect.RequestSide.String(), inspect.ResponseSide.String()}, cobra.ShellCompDirectiveNoFileComp)) // it is there
	}
	f.Bool("curl", false, "print a command that sends the request again with curl")
	f.Bool("httpie", false, "print a command that does with HTTPie")
	f.Bool("fetch", false, "print JavaScript that does")
	f.Bool("har", false, "print it as HAR 1.2")
	f.String("diff", "", "print what is different in the exchange with this `ID`")
	_ = c.RegisterFlagCompletionFunc("diff", func(c *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return a.completeExchanges(c, nil, typed) // whatever the argument is
	})
	captureFlags(c)
	return c
}

// requestForm is the form that c's flags ask for, and its flag's value; "": the one that people read.
func requestForm(c *cobra.Command) (form, value string, err error) {
	for _, name := range requestForms {
		f := c.Flag(name)
		if !f.Changed {
			continue
		}
		if form != "" {
			return "", "", usage("--%s and --%s are two forms\n  give one of them", form, name)
		}
		form, value = name, f.Value.String()
	}
	_, err = sideOf(form, value)
	return form, value, err
}

func (a *app) runRequest(ctx context.Context, s captures, what, form, value string) error {
	side, err := sideOf(form, value)
	if err != nil {
		return err
	}
	it, err := findExchange(ctx, s, what)
	if err != nil {
		return err
	}
	o, err := openExchange(ctx, s, it)
	if err != nil {
		return err
	}
	defer o.Close()
	switch form {
	case "":
		if it.IsConnection() { // nobody signs it
			return a.printExchange(o, inspect.Verdict{})
		}
		v, err := s.Verdict(ctx, it.ID)
		return errors.Join(a.printExchange(o, v), err)
	case "diff":
		return a.printDiff(ctx, s, o, value)
	}
	out := a.recorded()
	return errors.Join(o.write(out, form, side), out.flush())
}

// sideOf reads the value of --body and --raw.
func sideOf(form, value string) (inspect.Side, error) {
	switch {
	case form != "body" && form != "raw", value == inspect.RequestSide.String():
		return inspect.RequestSide, nil
	case value == inspect.ResponseSide.String():
		return inspect.ResponseSide, nil
	}
	return 0, usage("--%s=%s is neither --%s=request nor --%s=response", form, value, form, form)
}

// oneExchange is an exchange with what was kept of its content.
type oneExchange struct {
	inspect.Item
	inspect.Contents
}

// openExchange opens an exchange. The caller closes it.
func openExchange(ctx context.Context, s captures, it inspect.Item) (*oneExchange, error) {
	c, err := inspect.OpenContents(ctx, s, it)
	if err != nil {
		c.Close()
		return nil, err
	}
	return &oneExchange{it, c}, nil
}

// write writes the exchange in a form that is exact.
func (o *oneExchange) write(w io.Writer, form string, side inspect.Side) (err error) {
	if err := o.NeedRequest(); err != nil && form != "json" {
		return &exitError{exitNo, err}
	}
	m := o.Message(side)
	if m == nil {
		return notKept("there is no response")
	}
	if o.Summary && form != "json" && form != "har" {
		return &exitError{exitNo, fmt.Errorf("only the line of %s was kept: exchanges came faster than the store may write them\n  under such load ask the agent's memory, with --api", o.ID)}
	}
	text, request := "", o.At(inspect.RequestSide)
	switch form {
	case "json":
		var b []byte
		b, err = indentedJSON(web.DetailOf(o.Item))
		text = string(b)
	case "body":
		return cmp.Or(o.writeBody(w, side), o.missing(side))
	case "raw":
		return cmp.Or(export.Raw(w, m, o.At(side)), o.missing(side))
	case "har":
		return writeHAR(w, o)
	case "curl":
		text, err = export.Curl(o.Exchange, request, "")
	case "httpie":
		text, err = export.HTTPie(o.Exchange, request, "")
	case "fetch":
		text, err = export.Fetch(o.Exchange, request, "")
	}
	if err != nil {
		return &exitError{exitNo, err}
	}
	_, err = io.WriteString(w, strings.TrimSuffix(text, "\n")+"\n")
	return err
}

// writeBody writes what was kept of a content.
func (o *oneExchange) writeBody(w io.Writer, side inspect.Side) error {
	_, err := io.Copy(w, o.Message(side).Content(o.At(side)))
	return err
}

// missing is the error that not all of a content was kept; it comes behind what was.
func (o *oneExchange) missing(side inspect.Side) error {
	m := o.Message(side)
	if m.Kept == m.Size {
		return nil
	}
	return &exitError{exitNo, fmt.Errorf("only the first %s of %s were kept of the content of the %s", view.Size(m.Kept), view.Size(m.Size), side)}
}

// printDiff shows what is different in another exchange.
func (a *app) printDiff(ctx context.Context, s captures, o *oneExchange, other string) error {
	it, err := findExchange(ctx, s, other)
	if err != nil {
		return err
	}
	if err := cmp.Or(o.NeedRequest(), it.NeedRequest()); err != nil {
		return &exitError{exitNo, err}
	}
	with, err := openExchange(ctx, s, it)
	if err != nil {
		return err
	}
	defer with.Close()
	rules, err := diff.KeptRules(ctx, s)
	if err != nil {
		return err
	}
	d := diff.Of(o.Exchange, with.Exchange, diff.Options{Rules: rules, Bodies: diff.BodiesOf(&o.Contents, &with.Contents)})
	text := d.Unified()
	if d.Equal() && text == "" {
		text = "nothing is different"
	}
	_, err = fmt.Fprintln(a.Out, strings.TrimSuffix(text, "\n"))
	return err
}
