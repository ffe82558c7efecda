package web

import (
	"fmt"
	"net/http"

	"github.com/adit-tunnel/adit/inspect/view"
)

// statusPage shows endpoints, the link to the relay, how captures are kept, and meters that its script keeps fresh.
func (s *Server) statusPage(w http.ResponseWriter, r *http.Request) *apiError {
	return s.render(w, http.StatusOK, "", "shell", s.pageOf("status", r))
}

// Words say how the agent runs, a sentence each.
func (p *pageData) Words() []string {
	st := p.Status
	words := []string{"adit " + st.Version + " runs for " + orNobody(st.Account) + "."}
	switch {
	case st.Embedded:
		words = append(words, "The relay runs inside this program: URLs can be reached from this machine only.")
	case st.Relay != "":
		words = append(words, "The relay is "+view.Sanitize(st.Relay)+"; the connections to it: "+legsOf(p)+".")
	}
	if st.Web != "" {
		words = append(words, "This page and the local API are at "+st.Web+".")
	}
	return append(words, p.keepingWords()...)
}

func orNobody(account string) string {
	if account == "" {
		return "no account in particular"
	}
	return "the account " + view.Sanitize(account)
}

func legsOf(p *pageData) string {
	words := ""
	for i, rtt := range p.Status.Legs {
		if i > 0 {
			words += ", "
		}
		if rtt == 0 {
			words += "not measured yet"
			continue
		}
		words += view.Duration(rtt)
	}
	if words == "" {
		return "none now"
	}
	return words
}

// keepingWords say where captures stay.
func (p *pageData) keepingWords() (words []string) {
	k := p.Keeps
	if k.Place == "" {
		words = append(words, "Captures are kept in memory only, until this program ends.")
	} else {
		words = append(words, fmt.Sprintf("Captures are kept in %s, which takes %s; %d of this run are written.", view.Sanitize(k.Place), view.Size(k.Bytes), k.Stored))
	}
	if k.Summaries > 0 {
		words = append(words, fmt.Sprintf("Of %d exchanges only the line was kept: they came faster than the store may write.", k.Summaries))
	}
	if k.Waiting > 0 {
		words = append(words, fmt.Sprintf("%d exchanges that came in a flood are on the disk, and listed as soon as there is time.", k.Waiting))
	}
	if k.NotStored+uint64(max(p.Status.Dropped, 0)) > 0 {
		words = append(words, fmt.Sprintf("%d exchanges were not kept at all.", k.NotStored+uint64(max(p.Status.Dropped, 0))))
	}
	return words
}
