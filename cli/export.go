package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/export"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/inspect/web"
)

// exportFormats are those of --format.
var exportFormats = []string{"har", "jsonl"}

func (a *app) exportCommand() *cobra.Command {
	var format, to string
	var redact bool
	c := &cobra.Command{
		Use:     "export [filter]",
		Short:   "Write captured requests for other programs",
		GroupID: "inspect",
		Long: `Write the captured requests that a filter selects, oldest first, in a form that other
programs read: har is HAR 1.2, for browsers and many tools; it has no connections of tcp and
tls endpoints. jsonl is an object a line, with
the fields of the local API and the exact contents in base64, up to 16 MiB of each.

With --redact, values that their names give away as secrets are [redacted], in header fields,
cookies, queries, forms and JSON; content that cannot be looked through for them is left out.`,
		Example: `  adit export -o all.har
  adit export 'status:>=400 age:<1h' --format jsonl | jq .target`,
		Args:              atMostOne("a filter, in quotes"),
		ValidArgsFunction: completeFilter,
		RunE: func(c *cobra.Command, args []string) error {
			f, err := filterArg(args)
			if err != nil {
				return err
			}
			if !slices.Contains(exportFormats, format) {
				return usage("--format %q is none of har, jsonl", format)
			}
			return a.withCaptures(c, func(ctx context.Context, s captures) error {
				return a.intoFile(to, func(w io.Writer) error {
					left, err := exportAll(ctx, s, f, format, redact, w)
					if left > 0 && err == nil {
						a.complain("left out: " + view.Connections(left) + ", of which adit keeps no bytes; --format jsonl has their figures")
					}
					return err
				})
			})
		},
	}
	c.Flags().StringVar(&format, "format", "har", "`FORMAT`: har or jsonl")
	c.Flags().StringVarP(&to, "output", "o", "", "write into this `FILE` instead of standard output")
	c.Flags().BoolVar(&redact, "redact", false, "leave out secrets")
	captureFlags(c)
	return c
}

// intoFile has f write to a file, which appears when it is whole; "": standard output.
func (a *app) intoFile(path string, f func(io.Writer) error) error {
	if path == "" {
		out := a.recorded()
		return errors.Join(f(out), out.flush())
	}
	return writeFileWith(path, f)
}

// exporter writes exchanges one after another.
type exporter interface {
	add(o *oneExchange) error
	end() error
}

// exportAll writes what f selects, and says how many connections the format cannot hold. Only IDs are held: all exchanges together may be too large for memory.
func exportAll(ctx context.Context, s captures, f *inspect.Filter, format string, redact bool, w io.Writer) (left int, err error) {
	var ids []inspect.ID
	for it, err := range s.List(ctx, inspect.Query{Filter: f, Limit: -1}) {
		if err != nil {
			return 0, err
		}
		ids = append(ids, it.ID)
	}
	var out exporter = harExporter{export.NewHAR(w, Version)}
	if format == "jsonl" {
		out = lineExporter{w}
	}
	for _, id := range slices.Backward(ids) {
		err := exportOne(ctx, s, id, redact, out)
		var connection *inspect.ConnectionError
		switch {
		case errors.As(err, &connection):
			left++
		case err != nil:
			return left, fmt.Errorf("exchange %s: %w", id, err)
		}
	}
	return left, out.end()
}

func exportOne(ctx context.Context, s captures, id inspect.ID, redact bool, out exporter) error {
	it, err := s.Get(ctx, id)
	if errors.Is(err, inspect.ErrNotFound) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return err
	}
	o, err := openExchange(ctx, s, it)
	if err != nil {
		return err
	}
	defer o.Close()
	if redact {
		return out.add(&oneExchange{Item: export.Redacted(o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))})
	}
	return out.add(o)
}

type harExporter struct{ *export.HAR }

func (h harExporter) add(o *oneExchange) error {
	return h.Add(o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))
}
func (h harExporter) end() error { return h.Close() }

// writeHAR writes one exchange as HAR.
func writeHAR(w io.Writer, o *oneExchange) error {
	h := harExporter{export.NewHAR(w, Version)}
	return errors.Join(h.add(o), h.end())
}

// largestExported is how much of a content stands in a line. kept says how much there is.
const largestExported = 16 << 20

// exportedLine is a line of JSON lines.
type exportedLine struct {
	web.Detail
	RequestBody  []byte `json:"request_body"`
	ResponseBody []byte `json:"response_body"`
}

type lineExporter struct{ io.Writer }

func (l lineExporter) add(o *oneExchange) error {
	return writeLine(l, o.Item, o.At(inspect.RequestSide), o.At(inspect.ResponseSide))
}
func (lineExporter) end() error { return nil }

// writeLine writes an exchange as a line of JSON lines. request and response are all of their contents, or nil: what is in memory.
func writeLine(w io.Writer, it inspect.Item, request, response io.ReaderAt) (err error) {
	line := exportedLine{Detail: web.DetailOf(it)}
	for _, of := range []struct {
		m    *inspect.Message
		body io.ReaderAt
		into *[]byte
	}{{it.Message(inspect.RequestSide), request, &line.RequestBody}, {it.Message(inspect.ResponseSide), response, &line.ResponseBody}} {
		if of.m != nil && of.m.Kept > 0 && err == nil {
			*of.into, err = io.ReadAll(io.LimitReader(of.m.Content(of.body), largestExported))
		}
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(line)
}
