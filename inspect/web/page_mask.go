package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
	"github.com/adit-tunnel/adit/inspect/view"
)

// Whoever looks over somebody's shoulder sees no secrets: the page has them only when it was asked for with reveal=1, and not even then when everything is
// masked. The API always tells them.

// isRevealed says that secrets are to be shown.
func isRevealed(r *http.Request) bool { return r.URL.Query().Get("reveal") == "1" }

// maskOf hides secrets from whom has not asked for them.
func (s *Server) maskOf(r *http.Request) *view.Mask {
	m := s.mask
	m.Off = !m.All && isRevealed(r)
	return &m
}

// safeFields are fields as they are shown.
func safeFields(fields []inspect.Field, m *view.Mask) []inspect.Field {
	safe := make([]inspect.Field, len(fields))
	for i, f := range fields {
		f, _ = m.Field(f)
		safe[i] = view.Safe(f)
	}
	return safe
}

// revealed is where a tab is shown with its secrets; "": they are not to be seen at all.
func (s *Server) revealed(id inspect.ID, tab string) string {
	if s.mask.All {
		return ""
	}
	return "/exchanges/" + url.PathEscape(string(id)) + "?reveal=1&tab=" + tab
}

// hides says that something is hidden in lines.
func hides(lines []view.Line) bool {
	return slices.ContainsFunc(lines, func(l view.Line) bool { return strings.Contains(l.String(), view.Masked) })
}

// hidesContent says that something is hidden in content, that of its parts too.
func hidesContent(c *view.Content) bool {
	return hides(c.Lines) || slices.ContainsFunc(c.Parts, func(p view.Part) bool { return hidesContent(&p.Content) })
}

// hidesValue says that something is hidden in fields.
func hidesValue(fields []inspect.Field) bool {
	return slices.ContainsFunc(fields, func(f inspect.Field) bool { return strings.Contains(f.Value, view.Masked) })
}

// maskChanges hides secrets in what differs.
func maskChanges(changes []diff.Change, m *view.Mask) {
	for i := range changes {
		c := &changes[i]
		for _, side := range []*[]diff.Span{&c.Old, &c.New} {
			if shown, hidden := c.Masked(*side, m); hidden {
				*side = []diff.Span{{Text: shown, Marked: true}}
			}
		}
	}
}
