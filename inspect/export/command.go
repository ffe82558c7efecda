package export

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/inspect/view"
)

// command is a shell command under way.
type command struct {
	before string   // what feeds its standard input
	lines  []string // the program with its first arguments, then a line for each further one
}

func (c *command) add(words ...string) { c.lines = append(c.lines, strings.Join(words, " ")) }

// String joins the lines by line continuations.
func (c *command) String() string { return c.before + strings.Join(c.lines, " \\\n  ") }

// content gives content: as the value of an option when it reads as text, through standard input otherwise.
func (c *command) content(option, stdin string, data []byte) {
	if plain(bytes.ReplaceAll(data, []byte("\n"), nil)) && len(data) <= 64<<10 {
		c.add(option, quote(data))
		return
	}
	c.before = "printf " + printfQuote(data) + " | "
	if stdin != "" {
		c.add(stdin)
	}
}

// word quotes b as one word for a POSIX shell. Bytes that a terminal would act on, or that nobody sees, are written as escapes for printf. b does not end in a
// line end and has no NUL.
func word(b []byte) string {
	if plain(b) {
		return quote(b)
	}
	return `"$(printf ` + printfQuote(b) + `)"`
}

// plain says that b may stand in a command as it is.
func plain(b []byte) bool { return view.Sanitize(string(b)) == string(b) }

func quote(b []byte) string {
	return "'" + strings.ReplaceAll(string(b), "'", `'\''`) + "'"
}

// printfQuote is b as the format of printf. An exclamation mark is escaped, too: in double quotes an interactive bash would look into its history.
func printfQuote(b []byte) string {
	var s strings.Builder
	s.Grow(len(b) + len(b)/2)
	s.WriteByte('\'')
	for i, c := range b {
		switch {
		case c == '-' && i == 0: // no option
			s.WriteString(`\055`)
		case c == '%':
			s.WriteString("%%")
		case c == '\\':
			s.WriteString(`\\`)
		case c == '\n':
			s.WriteString(`\n`)
		case c == '\r':
			s.WriteString(`\r`)
		case c < ' ' || c >= 0x7f || c == '\'' || c == '!':
			fmt.Fprintf(&s, `\%03o`, c)
		default:
			s.WriteByte(c)
		}
	}
	return s.String() + "'"
}

// headLines are the field lines of a head, without their ends.
func headLines(head []byte) (lines [][]byte) {
	_, rest, _ := bytes.Cut(head, []byte("\n"))
	for line := range bytes.SplitSeq(rest, []byte("\n")) {
		if line = bytes.TrimSuffix(line, []byte("\r")); len(line) > 0 {
			lines = append(lines, line)
		}
	}
	return lines
}

func chunked(head []byte) bool {
	return strings.EqualFold(view.Get(view.Headers(head), "Transfer-Encoding"), "chunked")
}
