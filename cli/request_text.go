package cli

import (
	"bufio"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// printExchange shows an exchange to a person: facts, what its signature is worth, times, both messages. Everything that view gives is safe to show.
func (a *app) printExchange(o *oneExchange, signature inspect.Verdict) error {
	w := bufio.NewWriter(a.Out)
	facts := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range view.Facts(o.Item) {
		fmt.Fprintf(facts, "%s\t%s\n", f.Label, f.Value)
	}
	if signature.Provider != "" {
		fmt.Fprintf(facts, "Signature\t%s\n", view.Sanitize(signature.String()))
	}
	for _, p := range view.Timing(o.AsOf(time.Now())) {
		fmt.Fprintf(facts, "  %s\t%s: %s\n", p.Name, view.Duration(p.Took), p.Text)
	}
	_ = facts.Flush() // w keeps the error
	if o.IsConnection() {
		return w.Flush()
	}
	printHead(w, o.Message(inspect.RequestSide))
	streamed := printMessages(w, o, func() { printHead(w, o.Message(inspect.ResponseSide)) })
	if !streamed {
		printContent(w, o, inspect.RequestSide)
		if o.Response != nil {
			printHead(w, o.Message(inspect.ResponseSide))
			printContent(w, o, inspect.ResponseSide)
		}
	}
	return w.Flush()
}

func printHead(w *bufio.Writer, m *inspect.Message) {
	if m == nil || len(m.Head) == 0 {
		return
	}
	fmt.Fprintf(w, "\n%s\n", view.Sanitize(view.StartLine(m.Head)))
	printFields(w, view.Headers(m.Head))
}

func printFields(w *bufio.Writer, fields []inspect.Field) {
	for _, f := range fields {
		f = view.Safe(f)
		fmt.Fprintf(w, "%s: %s\n", f.Name, f.Value)
	}
}

func printContent(w *bufio.Writer, o *oneExchange, side inspect.Side) {
	m := o.Message(side)
	c := view.Open(m, o.At(side), view.Limits{})
	layContent(w, c, "")
	if c.More {
		fmt.Fprintf(w, "(there is more: adit request %s --body=%s)\n", shortID(o.ID), side)
	}
	printFields(w, view.Trailers(m.Trailers))
}

// layContent prints laid out content, and its parts further in.
func layContent(w *bufio.Writer, c view.Content, in string) {
	if len(c.Lines)+len(c.Parts)+len(c.Notes) > 0 {
		fmt.Fprintln(w)
	}
	for _, line := range c.Lines {
		fmt.Fprintf(w, "%s%s\n", in, line)
	}
	for _, p := range c.Parts {
		fmt.Fprintf(w, "%s%s %s %s\n", in, p.Name, p.Filename, view.Size(p.Size))
		layContent(w, p.Content, in+"  ")
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "%s(%s)\n", in, n)
	}
}

// printMessages prints the messages of a stream, one a line, behind what head prints; false: it is no stream.
func printMessages(w *bufio.Writer, o *oneExchange, head func()) (any bool) {
	for m := range view.Messages(o.Exchange, o.At(inspect.RequestSide), o.At(inspect.ResponseSide)) {
		if !any {
			head()
			fmt.Fprintln(w)
		}
		any = true
		arrow := "→"
		if m.Side == inspect.ResponseSide {
			arrow = "←"
		}
		when := ""
		if m.After > 0 { // it is known
			when = view.Duration(m.After)
		}
		fmt.Fprintf(w, "%s %10s  %-8s %9s  %s\n", arrow, when, m.Kind, view.Size(m.Size), messageText(m))
	}
	return any
}

// messageText is a message on one line.
func messageText(m view.Message) string {
	const most = 1000
	line := view.Sanitize(string(m.Payload[:min(len(m.Payload), most)]))
	if m.Name != "" {
		line = strings.TrimSuffix(view.Sanitize(m.Name)+": "+line, ": ")
	}
	if len(m.Payload) > most {
		line += " …"
	}
	if m.Note != "" {
		line += " (" + m.Note + ")"
	}
	return line
}
