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

// Whoever looks over somebody's shoulder sees no secrets: the page has them only when it was asked for with reveal=1. The API always tells them.

// isRevealed says that secrets are to be shown.
func isRevealed(r *http.Request) bool { return r.URL.Query().Get("reveal") == "1" }

// maskOf hides secrets from whom has not asked for them.
func maskOf(r *http.Request) *view.Mask { return &view.Mask{Off: isRevealed(r)} }

// maskedTarget is a request's target, safe to show and without the secrets in its query.
func maskedTarget(target string) string { return view.Sanitize((&view.Mask{}).Target(target)) }

// safeFields are fields as they are shown.
func safeFields(fields []inspect.Field, m *view.Mask) []inspect.Field {
	safe := make([]inspect.Field, len(fields))
	for i, f := range fields {
		f, _ = m.Field(f)
		safe[i] = view.Safe(f)
	}
	return safe
}

// maskLines hides secrets in text as it came.
func maskLines(lines []view.Line, m *view.Mask) {
	for i, l := range lines {
		if len(l) == 1 { // the rows of a dump have several spans
			lines[i] = view.Line{{Class: l[0].Class, Text: m.Text(l[0].Text)}}
		}
	}
}

// revealed is where a tab is shown with its secrets.
func revealed(id inspect.ID, tab string) string {
	return "/exchanges/" + url.PathEscape(string(id)) + "?reveal=1&tab=" + tab
}

// hides says that something is hidden in lines.
func hides(lines []view.Line) bool {
	return slices.ContainsFunc(lines, func(l view.Line) bool { return strings.Contains(l.String(), view.Masked) })
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
