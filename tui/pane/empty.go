package pane

import "github.com/adit-tunnel/adit/inspect/view"

// Empty draws what stands in the list's place while no request has come: the line to copy and, when room lines are enough, the keys that
// matter; withKeys tells.
func (l Look) Empty(url, keys string, room int) (lines []string, withKeys bool) {
	if url == "" {
		return l.words("The public URL will be here in a moment.", l.Quiet.Render), false
	}
	say, curl := Words("No request yet. Send the first one:", l.Width), l.curl(view.Sanitize(url))
	need := len(say) + len(curl)
	if need+1 > room {
		return append(say, curl...), false
	}
	lines = append(append(say, ""), curl...)
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

// curl draws the command for url. Where the command is wider than the terminal and the URL is not, a shell's line continuation keeps both whole.
func (l Look) curl(url string) []string {
	lines := Break("curl "+url, l.Width)
	if len(lines) > 1 && Width(url) <= l.Width {
		lines = []string{"curl \\", url}
	}
	for i := range lines {
		lines[i] = l.Key.Render(lines[i])
	}
	return lines
}
