package export

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Curl is a command for a POSIX shell that sends a request again with curl: the same method, target, fields in their order and spelling, and content,
// byte for byte. Only the framing of chunked content is curl's, and its trailers are lost. to is the URL it is sent to, scheme and authority, "" for the
// one that the request was sent to; body reads the Kept bytes, nil: what is in memory. The error is a *PartialError, a *LargeError, or of reading.
func Curl(x *inspect.Exchange, body io.ReaderAt, to string) (string, error) {
	r := &x.Request
	data, err := content(x, body)
	if err != nil {
		return "", err
	}
	lines := headLines(r.Head)
	if r.Redacted { // the content is no longer as long as it was: curl counts it
		lines = slices.DeleteFunc(lines, func(line []byte) bool { return hasName(line, "Content-Length") })
	}
	sends := len(data) > 0 || chunked(r.Head)
	c := command{lines: []string{"curl"}}
	c.version(view.StartLine(r.Head))
	c.target(base(x, to), r.Target)
	c.method(r.Method, sends)
	c.fields(lines, base(x, to), sends)
	if sends {
		c.content("--data-raw", "--data-binary @-", data)
	}
	return c.String(), nil
}

// version asks for the version of HTTP that was spoken, lest an https URL gets HTTP/2.
func (c *command) version(start string) {
	if strings.HasSuffix(start, "HTTP/1.0") {
		c.lines[0] += " --http1.0"
		return
	}
	c.lines[0] += " --http1.1"
}

// target adds the URL. A target that curl, or its glob, would read differently is given apart.
func (c *command) target(base, target string) {
	if tame(target) {
		c.lines[0] += " " + word([]byte(base+target))
		return
	}
	c.lines[0] += " " + word([]byte(base+"/"))
	c.add("--request-target", word([]byte(target)))
}

// tame says that curl sends a target within a URL as it is.
func tame(target string) bool {
	if !strings.HasPrefix(target, "/") || strings.Contains(target, "/.") || strings.HasSuffix(target, "?") {
		return false
	}
	for i := range len(target) {
		if c := target[i]; !isAlphanumeric(c) && strings.IndexByte("/?&=-._~:@!$'()*+,;%", c) < 0 {
			return false
		}
	}
	return true
}

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// method names the method, unless curl takes it by itself. HEAD must not wait for content.
func (c *command) method(method string, sends bool) {
	switch {
	case method == "HEAD" && !sends:
		c.add("--head")
	case method == "GET" && !sends:
	default:
		c.add("-X", word([]byte(method)))
	}
}

// fields adds the fields in their order, and takes away what curl would add of its own.
func (c *command) fields(lines [][]byte, base string, sends bool) {
	if _, authority, _ := strings.Cut(base, "://"); len(lines) > 0 && string(lines[0]) == "Host: "+authority {
		lines = lines[1:] // curl says the same by itself
	} else if len(lines) == 0 || !bytes.HasPrefix(lines[0], []byte("Host:")) {
		c.add("-H 'Host:'") // curl would put it first, and spell it so; what is left out once can be given anywhere
	}
	groups := groupLines(lines)
	unwanted := []string{"User-Agent", "Accept"}
	if sends {
		unwanted = append(unwanted, "Content-Type", "Expect")
	}
	for _, name := range unwanted {
		if !slices.ContainsFunc(groups, func(g []byte) bool { return hasName(g, name) }) {
			c.add("-H", "'"+name+":'")
		}
	}
	for _, g := range groups {
		c.add("-H", word(g))
	}
}

func hasName(line []byte, name string) bool {
	return len(line) > len(name) && (line[len(name)] == ':' || line[len(name)] == ';') && strings.EqualFold(string(line[:len(name)]), name)
}

// groupLines are the lines as curl's -H takes them. "Name:" would tell it to leave a field out, so that a field without value is "Name;". One whose value is
// spaces can only be given together with another line: fields without value that stand beside it go there, too.
func groupLines(lines [][]byte) (groups [][]byte) {
	for len(lines) > 0 {
		n := slices.IndexFunc(lines, func(line []byte) bool { return len(valueOf(line)) > 0 })
		if n < 0 {
			n = len(lines)
		}
		run, spaces := lines[:n], slices.ContainsFunc(lines[:n], func(line []byte) bool { return line[len(line)-1] != ':' })
		switch last := len(groups) - 1; {
		case n == 0:
			groups, n = append(groups, lines[0]), 1
		case spaces && last >= 0:
			groups[last] = joinLines(append([][]byte{groups[last]}, run...))
		case spaces && n < len(lines):
			n++
			groups = append(groups, joinLines(lines[:n]))
		default:
			for _, line := range run {
				name, _, _ := bytes.Cut(line, []byte(":"))
				groups = append(groups, append(bytes.Clone(name), ';'))
			}
		}
		lines = lines[n:]
	}
	return groups
}

func valueOf(line []byte) []byte {
	_, value, _ := bytes.Cut(line, []byte(":"))
	return bytes.TrimSpace(value)
}

func joinLines(lines [][]byte) []byte { return bytes.Join(lines, []byte("\r\n")) }
