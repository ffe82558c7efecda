package web

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// tab is one view of an exchange. Its panel is made by a method of Server and shown by a template.
type tab struct {
	name, title string
	template    string // page/tab/NAME.html
	connections bool   // connections have it, too
	panel       func(s *Server, r *http.Request, it inspect.Item, name string) (any, error)
}

// tabs are in the order in which the page and the keys 1 to 8 have them. The last is reached by its button.
var tabs = []tab{
	{"overview", "Overview", "overview", true, (*Server).overviewPanel},
	{"request", "Request", "message", false, (*Server).messagePanel},
	{"response", "Response", "message", false, (*Server).messagePanel},
	{"raw", "Raw", "raw", false, (*Server).rawPanel},
	{"timing", "Timing", "timing", true, (*Server).timingPanel},
	{"messages", "Messages", "messages", false, (*Server).messagesPanel},
	{"replays", "Replays", "replays", false, (*Server).replaysPanel},
	{"diff", "Diff", "diff", false, (*Server).diffPanel},
	{editTab, "Edit and replay", editTab, false, (*Server).editPanel},
}

const editTab = "edit"

// detail is an exchange with one of its tabs.
type detail struct {
	inspect.Item
	tab
	Panel any
	mask  *view.Mask
}

// The template's view of it.
func (d *detail) Tab() string      { return d.tab.name }
func (d *detail) TabTitle() string { return d.tab.title }
func (d *detail) Label() string    { return labelOf(d.Item) }
func (d *detail) Target() string   { return targetOf(d.mask, d.Exchange) }

// Tabs are those that are shown in a row.
func (d *detail) Tabs() (shown []struct{ Name, Title string }) {
	for _, t := range tabs[:len(tabs)-1] {
		if d.IsConnection() && !t.connections {
			continue
		}
		shown = append(shown, struct{ Name, Title string }{t.name, t.title})
	}
	return shown
}

// exchangePage is the whole page with one exchange open: what a link leads to, and what works without script.
func (s *Server) exchangePage(w http.ResponseWriter, r *http.Request) *apiError {
	name := r.URL.Query().Get("tab")
	if name == "" {
		name = tabs[0].name
	}
	d, problem := s.detail(r, name)
	if problem != nil && problem.status != http.StatusNotFound {
		return problem
	}
	p := s.pageOf("requests", r)
	if p.Detail = d; d == nil {
		return s.render(w, http.StatusNotFound, "", "shell", p)
	}
	return s.render(w, http.StatusOK, name, "shell", p)
}

// exchangePart is one exchange for a page that is open already, or a further part of one of its tabs.
func (s *Server) exchangePart(w http.ResponseWriter, r *http.Request) *apiError {
	name := r.PathValue("tab")
	d, problem := s.detail(r, name)
	switch {
	case problem != nil && problem.status == http.StatusNotFound:
		return s.render(w, http.StatusNotFound, "", "gone", nil)
	case problem != nil:
		return problem
	case r.URL.Query().Has("from"):
		return s.render(w, http.StatusOK, name, "further", d.Panel)
	}
	return s.render(w, http.StatusOK, name, "detail", d)
}

// detail reads the exchange that r names and makes a tab of it.
func (s *Server) detail(r *http.Request, name string) (*detail, *apiError) {
	t, ok := tabOf(name)
	if !ok {
		return nil, notFound("no tab " + strconv.Quote(name))
	}
	it, problem := s.item(r, r.PathValue("id"))
	if problem != nil {
		return nil, problem
	}
	if it.IsConnection() && !t.connections {
		t, name = tabs[0], tabs[0].name
	}
	panel, err := t.panel(s, r, it, name)
	switch {
	case errors.Is(err, inspect.ErrNotFound):
		return nil, notFound(err.Error())
	case err != nil:
		return nil, internal("read the exchange", err)
	}
	return &detail{it, t, panel, s.maskOf(r)}, nil
}

func tabOf(name string) (tab, bool) {
	for _, t := range tabs {
		if t.name == name {
			return t, true
		}
	}
	return tab{}, false
}

// further leads to what follows in a long tab.
type further struct {
	Page string // whole, for browsers without script
	Part string // what follows only
}

func furtherOf(r *http.Request, id inspect.ID, tab string, params url.Values) *further {
	if isRevealed(r) {
		params.Set("reveal", "1")
	}
	part := "/exchanges/" + url.PathEscape(string(id)) + "/" + tab + "?" + params.Encode()
	params.Set("tab", tab)
	return &further{Page: "/exchanges/" + url.PathEscape(string(id)) + "?" + params.Encode(), Part: part}
}

// fromOf is where a further part begins.
func fromOf(r *http.Request) int64 { return numberOf(r, "from") }

// numberOf is a parameter that is a number, 0 when it is none.
func numberOf(r *http.Request, name string) int64 {
	n, err := strconv.ParseInt(r.URL.Query().Get(name), 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}
