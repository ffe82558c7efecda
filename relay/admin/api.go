package admin

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
)

// api is the owner's API: what "adit relay account", "plan", "token" and "domain" do, as JSON.
//
//	GET    /api/plans                       [plan]
//	PUT    /api/plans/NAME {limits}         plan, made or changed; what is left out is no limit
//	DELETE /api/plans/NAME
//	GET    /api/accounts                    [account]
//	POST   /api/accounts {name, plan}       account
//	PATCH  /api/accounts/NAME {plan}
//	DELETE /api/accounts/NAME
//	GET    /api/tokens?account=NAME         [token]
//	POST   /api/tokens {account, …}         token, with its secret, once
//	DELETE /api/tokens/ID
//	GET    /api/domains                     [domain]
//	POST   /api/domains {name, account}     domain
//	DELETE /api/domains/NAME
//
// Errors are {"error": text} with a fitting status.
type api struct{ control.Store }

func (a api) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]func(*http.Request) (int, any, error){
		"GET /api/plans":              a.plans,
		"PUT /api/plans/{name}":       a.setPlan,
		"DELETE /api/plans/{name}":    gone(a.DeletePlan),
		"GET /api/accounts":           a.accounts,
		"POST /api/accounts":          a.createAccount,
		"PATCH /api/accounts/{name}":  a.setAccount,
		"DELETE /api/accounts/{name}": gone(a.DeleteAccount),
		"GET /api/tokens":             a.tokens,
		"POST /api/tokens":            a.createToken,
		"DELETE /api/tokens/{name}":   gone(a.RevokeToken),
		"GET /api/domains":            a.domains,
		"POST /api/domains":           a.reserveDomain,
		"DELETE /api/domains/{name}":  gone(a.releaseDomain),
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			status, v, err := f(r)
			if err != nil {
				status, v = failure(err)
			}
			write(w, status, v)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			w = &worded{w, r}
		}
		mux.ServeHTTP(w, r)
	})
}

// worded is for what the mux answers itself: that there is no such path, or method. It becomes an error like all others.
type worded struct {
	http.ResponseWriter
	r *http.Request
}

func (w *worded) WriteHeader(status int) {
	text := "there is no " + w.r.URL.Path
	if allowed := w.Header().Get("Allow"); allowed != "" {
		text = w.r.URL.Path + " takes " + allowed
	}
	write(w.ResponseWriter, status, problem{text})
}

// Write drops the mux's own words.
func (w *worded) Write(b []byte) (int, error) { return len(b), nil }

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if v != nil {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		_ = e.Encode(v) // who asked is gone
	}
}

type problem struct {
	Error string `json:"error"`
}

// failure is an error as an answer.
func failure(err error) (int, any) {
	for kind, status := range map[error]int{
		control.ErrNotFound: http.StatusNotFound, control.ErrInvalid: http.StatusBadRequest, control.ErrExists: http.StatusConflict,
		control.ErrInUse: http.StatusConflict, control.ErrReadOnly: http.StatusServiceUnavailable,
	} {
		if errors.Is(err, kind) {
			return status, problem{err.Error()}
		}
	}
	return http.StatusInternalServerError, problem{err.Error()}
}

// read reads the request's content as v, in which nothing may stand that v does not know.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(&v)
	if err == nil && v == nil {
		err = errors.New("it is null")
	}
	if err == nil {
		if _, more := d.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return unwanted(plain(err))
	}
	return nil
}

func unwanted(why string) error {
	return &control.Error{Kind: control.ErrInvalid, Text: "the content is not the JSON object that is wanted: " + why}
}

// plain is an error in words that do not speak of Go's types.
func plain(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case !errors.As(err, &wrong):
		return strings.TrimPrefix(err.Error(), "json: ")
	case wrong.Field == "":
		return "it is a JSON " + wrong.Value
	}
	return wrong.Field + " is a JSON " + wrong.Value
}

// gone is the answer when what the path names was taken away.
func gone(f func(string) error) func(*http.Request) (int, any, error) {
	return func(r *http.Request) (int, any, error) { return http.StatusNoContent, nil, f(r.PathValue("name")) }
}

func (a api) plans(*http.Request) (int, any, error) {
	all, err := a.Plans()
	return http.StatusOK, all, err
}

func (a api) setPlan(r *http.Request) (int, any, error) {
	p := control.Plan{Name: r.PathValue("name")}
	if err := read(r, &p.Limits); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, p, a.SetPlan(p)
}

func (a api) accounts(*http.Request) (int, any, error) {
	all, err := a.Accounts()
	return http.StatusOK, all, err
}

func (a api) createAccount(r *http.Request) (int, any, error) {
	body := struct {
		Name string `json:"name"`
		Plan string `json:"plan"`
	}{Plan: control.DefaultPlan}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	acc, err := a.CreateAccount(body.Name, body.Plan)
	return http.StatusCreated, acc, err
}

func (a api) setAccount(r *http.Request) (int, any, error) {
	var body struct {
		Plan string `json:"plan"`
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	if body.Plan == "" {
		return 0, nil, &control.Error{Kind: control.ErrInvalid, Text: "the plan is missing"}
	}
	return http.StatusNoContent, nil, a.SetAccount(r.PathValue("name"), body.Plan)
}

func (a api) tokens(r *http.Request) (int, any, error) {
	all, err := a.Tokens(r.URL.Query().Get("account"))
	return http.StatusOK, all, err
}

func (a api) createToken(r *http.Request) (int, any, error) {
	var body struct {
		Account string   `json:"account"`
		Note    string   `json:"note"`
		From    []string `json:"from"` // in place of the one in Scopes, whose mistakes are told in Go's words
		control.Scopes
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	for _, text := range body.From {
		p, err := control.ParsePrefix(text)
		if err != nil {
			return 0, nil, unwanted("from: " + err.Error())
		}
		body.Scopes.From = append(body.Scopes.From, p)
	}
	for i, name := range body.Scopes.Names {
		body.Scopes.Names[i] = registry.CanonicalScope(name)
	}
	secret, t, err := a.CreateToken(control.Token{Account: body.Account, Note: body.Note, Scopes: body.Scopes})
	return http.StatusCreated, control.Secret{Secret: secret, Token: t}, err
}

func (a api) domains(*http.Request) (int, any, error) {
	all, err := a.Domains()
	return http.StatusOK, all, err
}

func (a api) reserveDomain(r *http.Request) (int, any, error) {
	var body struct {
		Name    string `json:"name"`
		Account string `json:"account"`
	}
	if err := read(r, &body); err != nil {
		return 0, nil, err
	}
	body.Name = canonical(body.Name)
	return http.StatusCreated, body, a.ReserveDomain(body.Name, body.Account)
}

func (a api) releaseDomain(name string) error { return a.ReleaseDomain(canonical(name)) }

// canonical is the one spelling of a host name; what is none stays as it is, for the store to refuse.
func canonical(host string) string {
	if name, ok := registry.CanonicalPattern(host); ok {
		return name
	}
	return host
}
