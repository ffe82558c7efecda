package sign

import (
	"bytes"
	"slices"
	"strings"
)

// Detect returns the providers that may have signed r, the likeliest first; none when it has no signature that is known. One that is recognised by what only it
// sends stands alone, or with those of its kind. Whether one of several is meant, only a secret can tell.
func Detect(r *Request) []*Provider {
	var all []*Provider
	for i := range table {
		if p := &table[i]; p.Present(r) {
			all = append(all, p)
		}
	}
	if known := keep(all, func(p *Provider) bool { return p.recognised(r) > 0 }); len(known) > 0 {
		all = known
		slices.SortStableFunc(all, func(p, q *Provider) int { return q.recognised(r) - p.recognised(r) })
	}
	if formed := keep(all, func(p *Provider) bool { return p.formed(r) }); len(formed) > 0 {
		return formed
	}
	return all
}

func keep(all []*Provider, f func(*Provider) bool) []*Provider {
	return slices.DeleteFunc(slices.Clone(all), func(p *Provider) bool { return !f(p) })
}

// Vague says that nothing in a request names the provider: a signature in its field may be anybody's.
func (p *Provider) Vague() bool { return p.vague }

// Present says that r has something where the provider's signature stands; in a field that is anybody's, something of its form.
func (p *Provider) Present(r *Request) bool {
	if p.vague {
		return p.formed(r)
	}
	return slices.ContainsFunc(p.schemes, func(s Scheme) bool { return s.read(r).present })
}

// formed says that one of its signatures has the provider's form.
func (p *Provider) formed(r *Request) bool {
	return slices.ContainsFunc(p.schemes, func(s Scheme) bool { return len(s.read(r).sigs) > 0 })
}

// recognised is how many signs there are that r is the provider's own; 0 when one is missing, or there are none to be had.
func (p *Provider) recognised(r *Request) (n int) {
	if p.mark != "" {
		field, text, _ := strings.Cut(p.mark, ": ")
		if !slices.ContainsFunc(r.Header(field), func(v string) bool { return strings.Contains(strings.ToLower(v), text) }) {
			return 0
		}
		n++
	}
	if p.says != "" {
		if !bytes.Contains(r.Body, []byte(p.says)) {
			return 0
		}
		n++
	}
	return n
}
