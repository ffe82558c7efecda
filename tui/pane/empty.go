package pane

import (
	"strings"

	"github.com/adit-tunnel/adit/inspect/view"
)

// Empty draws what stands in the list's place while no request has come: the line to copy and, when room lines are enough, the keys that
// matter; withKeys tells.
func (l Look) Empty(url, keys string, room int) (lines []string, withKeys bool) {
	if url == "" {
		return l.words("The public URL will be here in a moment.", l.Quiet.Render), false
	}
	command := view.Try(url)
	first := "No request yet. Send the first one:"
	if !strings.HasPrefix(command, "curl ") {
		first = "No connection yet. Make the first one:"
	}
	say, try := Words(first, l.Width), l.command(command)
	need := len(say) + len(try)
	if need+1 > room {
		return append(say, try...), false
	}
	lines = append(append(say, ""), try...)
	if need+3 > room {
		return lines, false
	}
	return append(lines, "", Clip(keys, l.Width)), true
}

// NoEndpoint draws what stands in the list's place while nothing is online: where the local API, if there is one, takes endpoints.
func (l Look) NoEndpoint(api string) []string {
	text := "No endpoint is started."
	if api != "" {
		text += " The local API adds them: POST to " + view.Sanitize(api) + "/api/tunnels"
	}
	return l.words(text, l.Quiet.Render)
}

// command draws a command to copy. Where it is wider than the terminal and its arguments are not, a shell's line continuation keeps both whole.
func (l Look) command(text string) []string {
	lines := Break(text, l.Width)
	if program, rest, _ := strings.Cut(text, " "); len(lines) > 1 && Width(rest) <= l.Width {
		lines = []string{program + " \\", rest}
	}
	for i := range lines {
		lines[i] = l.Key.Render(lines[i])
	}
	return lines
}
