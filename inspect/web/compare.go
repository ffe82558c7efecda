package web

import (
	"cmp"
	"net/http"
	"strconv"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/diff"
)

// diffJSON is what differs between two exchanges.
type diffJSON struct {
	Old      inspect.ID      `json:"old"`
	New      inspect.ID      `json:"new"`
	Equal    bool            `json:"equal"` // nothing differs that matters
	Brief    string          `json:"brief"` // the responses in a few words
	Request  diffMessageJSON `json:"request"`
	Response diffMessageJSON `json:"response"`
}

type diffMessageJSON struct {
	Start   []changeJSON `json:"start"`
	Fields  []changeJSON `json:"fields"`
	Content []changeJSON `json:"content"`
	How     string       `json:"how"` // bytes, json or text
	Notes   []string     `json:"notes"`
}

type changeJSON struct {
	Kind     string     `json:"kind"` // same, added, removed, changed
	Where    string     `json:"where"`
	Old      []spanJSON `json:"old"`
	New      []spanJSON `json:"new"`
	Volatile bool       `json:"volatile"` // it does not matter
	Rule     string     `json:"rule"`     // leaves it out, or would; "": none
}

type spanJSON struct {
	Text   string `json:"text"`
	Marked bool   `json:"marked"`
}

// compare says what is different in an exchange from the one that with names; for a replay, that is what it is a replay of.
func (s *Server) compare(w http.ResponseWriter, r *http.Request) *apiError {
	p, problem := paramsOf(r, "with", "rules")
	if problem != nil {
		return problem
	}
	newer, problem := s.requestItem(r, r.PathValue("id"))
	if problem != nil {
		return problem
	}
	with := cmp.Or(p.Get("with"), string(newer.ReplayOf))
	if with == "" {
		return badRequest("nothing to compare with", "exchange "+strconv.Quote(string(newer.ID))+" is no replay").saying("", "say with=ID")
	}
	older, problem := s.requestItem(r, with)
	if problem != nil {
		return problem
	}
	rules, problem := s.rulesOf(r, p)
	if problem != nil {
		return problem
	}
	d := s.diffOf(r, older, newer, rules)
	writeJSON(w, http.StatusOK, diffJSON{older.ID, newer.ID, d.Equal(), diff.Brief(d), diffMessageOf(d.Request), diffMessageOf(d.Response)})
	return nil
}

// rulesOf reads rules=on, which is the default, or rules=off.
func (s *Server) rulesOf(r *http.Request, p params) (diff.Rules, *apiError) {
	switch p.Get("rules") {
	case "", "on":
		return s.rules(r), nil
	case "off":
		return nil, nil
	}
	return nil, badRequest("rules", "want on or off")
}

func (s *Server) diffOf(r *http.Request, older, newer inspect.Item, rules diff.Rules) diff.Diff {
	a, b := s.contents(r, older), s.contents(r, newer)
	defer a.Close()
	defer b.Close()
	return diff.Of(older.Exchange, newer.Exchange, diff.Options{Rules: rules, Bodies: diff.BodiesOf(a, b)})
}

func diffMessageOf(m diff.Message) diffMessageJSON {
	return diffMessageJSON{changesOf(m.Start), changesOf(m.Fields), changesOf(m.Content), string(m.How), append([]string{}, m.Notes...)}
}

func changesOf(all []diff.Change) []changeJSON {
	out := []changeJSON{}
	for _, c := range all {
		out = append(out, changeJSON{string(c.Kind), c.Where, spansOf(c.Old), spansOf(c.New), c.Volatile, c.Rule})
	}
	return out
}

func spansOf(all []diff.Span) []spanJSON {
	out := []spanJSON{}
	for _, s := range all {
		out = append(out, spanJSON(s))
	}
	return out
}
