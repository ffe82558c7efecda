package web

import (
	"bytes"
	"embed"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// pageFiles are the page for people: templates that show what was captured, and a stylesheet and scripts that are the same for everybody. All that was
// captured passes html/template, and view.Sanitize before it, so that what a stranger has sent is text and nothing else.
//
//go:embed page
var pageFiles embed.FS

// pagePolicy lets the page load its own script and style and nothing else. Captured HTML would do nothing even if it got into the page: there are no
// inline scripts, no frames, no forms to elsewhere, and no text may be made into elements by script.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; " +
	"frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"

// pages are the paths for people.
func (s *Server) pages() map[string]methods {
	return map[string]methods{
		"/{$}":                  {"GET": forPeople(s.listPage, s.pointer)},
		"/status":               {"GET": forPeople(s.statusPage, s.pointer)}, // some clients ask whether it answers
		"/exchanges/{id}":       {"GET": s.exchangePage},
		"/exchanges/{id}/{tab}": {"GET": s.exchangePart},
		"/r/{id}":               {"GET": short},
		"/page/{file}":          {"GET": static},
	}
}

// forPeople chooses by what the client wants to read: a browser says that it takes HTML.
func forPeople(page, text handler) handler {
	return func(w http.ResponseWriter, r *http.Request) *apiError {
		w.Header().Set("Vary", "Accept")
		if strings.Contains(r.Header.Get("Accept"), "text/html") {
			return page(w, r)
		}
		return text(w, r)
	}
}

// short leads from the short address that the dashboard shows to the exchange.
func short(w http.ResponseWriter, r *http.Request) *apiError {
	http.Redirect(w, r, "/exchanges/"+url.PathEscape(r.PathValue("id")), http.StatusFound)
	return nil
}

// static answers with a script or the stylesheet.
func static(w http.ResponseWriter, r *http.Request) *apiError {
	name := "page/static/" + r.PathValue("file")
	if _, err := fs.Stat(pageFiles, name); err != nil {
		return notFound(r.URL.Path)
	}
	http.ServeFileFS(w, r, pageFiles, name)
	return nil
}

// pageData is what the templates of a whole page show.
type pageData struct {
	Nav    string // which page it is: "requests" or "status"
	Status inspect.Status
	Filter string
	Newest []inspect.Item // for browsers without script
	Detail *detail        // nil: no exchange is chosen
	Keeps  inspect.Keeping
	mask   *view.Mask
}

// MaskAll says that nothing captured is to be readable: the script needs to know.
func (p *pageData) MaskAll() bool { return p.mask.All }

// Target is a request's target, or whose a connection is, safe to show and without the secrets in its query.
func (p *pageData) Target(x *inspect.Exchange) string { return targetOf(p.mask, x) }

func targetOf(mask *view.Mask, x *inspect.Exchange) string {
	_, target := view.Title(x)
	return view.Sanitize(mask.Target(target))
}

// isLink says that a browser can follow a public URL: that of a tcp or tls endpoint it can not.
func isLink(url string) bool {
	return strings.HasPrefix(url, "http://") || strings.HasPrefix(url, "https://")
}

// methodOf is a request's method, or a connection's kind.
func methodOf(x *inspect.Exchange) string {
	method, _ := view.Title(x)
	return view.Sanitize(method)
}

// OnDisk says that captures outlast this run once they are committed: until then they are drawn dim.
func (p *pageData) OnDisk() bool { return p.Keeps.Place != "" }

// URL is the first public URL, "" when there is none yet.
func (p *pageData) URL() string {
	for _, e := range p.Status.Endpoints {
		if e.URL != "" && e.Failure == nil {
			return e.URL
		}
	}
	return ""
}

// Try is a command that has something come through the first public URL, "" when there is none yet.
func (p *pageData) Try() string { return view.Try(p.URL()) }

// noscriptRows are shown without script.
const noscriptRows = 50

func (s *Server) listPage(w http.ResponseWriter, r *http.Request) *apiError {
	newest, err := inspect.Collect(s.reader.List(r.Context(), inspect.Query{Limit: noscriptRows}))
	if err != nil {
		return internal("list exchanges", err)
	}
	p := s.pageOf("requests", r)
	p.Newest = newest
	return s.render(w, http.StatusOK, "", "shell", p)
}

func (s *Server) pageOf(nav string, r *http.Request) *pageData {
	return &pageData{Nav: nav, Status: s.observer.Status(), Filter: r.URL.Query().Get("filter"), Keeps: s.keeper.Keeping(), mask: &s.mask}
}

// templates are the templates by the tab they show; "" shows none. They are read when a page is first asked for, not whenever adit starts.
var templates = sync.OnceValue(parseTemplates)

func parseTemplates() map[string]*template.Template {
	base := template.Must(template.New("page").Funcs(wording).ParseFS(pageFiles, "page/*.html"))
	all := map[string]*template.Template{"": base}
	for _, t := range tabs {
		all[t.name] = template.Must(template.Must(base.Clone()).ParseFS(pageFiles, "page/tab/"+t.template+".html"))
	}
	return all
}

// wording is what templates may call. Everything that was captured goes through safe, unless it comes from package view.
var wording = template.FuncMap{
	"safe":     view.Sanitize,
	"size":     view.Size,
	"duration": view.Duration,
	"outcome":  outcomeOf,
	"link":     isLink,
	"method":   methodOf,
	"verdict":  verdictOf,
	"join":     strings.Join,
	"plotNames": func() map[string]string {
		return map[string]string{"rate": "Requests a second", "p50": "Half are faster than", "p90": "Nine of ten are faster than", "open": "Open connections"}
	},
}

// render writes a template of the tab's. It is made before anything is sent, so that a mistake is an error and no half page.
func (s *Server) render(w http.ResponseWriter, status int, tab, name string, data any) *apiError {
	var b bytes.Buffer
	if err := templates()[tab].ExecuteTemplate(&b, name, data); err != nil {
		return internal("make the page", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", pagePolicy)
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
	return nil
}

// outcome is how an exchange came out: a sign, words and a colour, so that nothing is said by colour alone.
type outcome struct{ Sign, Words, Tone string }

func outcomeOf(x *inspect.Exchange) outcome {
	o := outcome{Words: view.Status(x)}
	status := 0
	if x.Response != nil {
		status = x.Response.Status
	}
	switch {
	case x.State == inspect.Interrupted:
		return outcome{"⊘", "interrupted", "warn"}
	case x.Failure != nil:
		o = outcome{"✕", view.Sanitize(x.Failure.Name), "bad"}
		if status != 0 {
			o.Words = strconv.Itoa(status) + " " + o.Words
		}
	case x.IsConnection() && x.State == inspect.Done:
		o.Sign, o.Tone = "●", "good"
	case status >= 500:
		o.Sign, o.Tone = "✕", "bad"
	case status == 0:
		return outcome{"◌", x.State.String(), "quiet"}
	case status >= 400:
		o.Sign, o.Tone = "▲", "warn"
	case status >= 300 || status < 200:
		o.Sign, o.Tone = "↪", "note"
	default:
		o.Sign, o.Tone = "●", "good"
	}
	return o
}

// verdictOf words what a signature is worth in the same way.
func verdictOf(s inspect.SignatureState) outcome {
	switch s {
	case inspect.Valid:
		return outcome{"●", "Signature valid", "good"}
	case inspect.Stale:
		return outcome{"▲", "Signature right, but stale", "warn"}
	case inspect.Wrong:
		return outcome{"✕", "Signature wrong", "bad"}
	case inspect.NoSecret:
		return outcome{"◌", "Signed; no secret to check it with", "quiet"}
	case inspect.Unchecked:
		return outcome{"◌", "Signature not checked", "quiet"}
	}
	return outcome{"◌", "Not signed", "quiet"}
}
