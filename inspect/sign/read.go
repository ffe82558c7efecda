package sign

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// claim is what a request says of its signature.
type claim struct {
	present bool     // there is something in a signature's place
	sigs    []string // as they are written
	ts, id  string
	problem string // why it cannot be read
}

// maxSignatures is how many of one request are looked at.
const maxSignatures = 64

// read finds the signatures of r, and what else is signed.
func (s *Scheme) read(r *Request) claim {
	if s.Field == "" {
		return s.readBody(r.Body)
	}
	var c claim
	var stamps []string
	for _, name := range append([]string{s.Field}, s.Also...) {
		for _, value := range r.Header(name) {
			c.present = true
			s.parse(value, &c.sigs, &stamps)
		}
	}
	if !c.present {
		return c
	}
	if s.Stamp != "" {
		stamps = trimmed(r.Header(s.Stamp))
	}
	var ids []string
	if s.ID != "" {
		ids = trimmed(r.Header(s.ID))
	}
	if s.inBody != "" {
		stamps = []string{s.readBody(r.Body).ts}
	}
	c.ts, c.id, c.problem = s.weigh(c.sigs, stamps, ids)
	return c
}

// weigh says what is missing, or stands there in two ways: whoever reads the other one must not be led to trust it.
func (s *Scheme) weigh(sigs, stamps, ids []string) (ts, id, problem string) {
	switch {
	case len(sigs) == 0:
		return "", "", s.Field + " has no signature of the usual form"
	case len(sigs) > maxSignatures:
		return "", "", s.Field + " has too many signatures"
	}
	ts, problem = only(stamps, s.stamped(), "time of signing")
	if problem == "" {
		id, problem = only(ids, s.ID != "", s.ID)
	}
	return ts, id, problem
}

func only(values []string, wanted bool, what string) (value, problem string) {
	values = slices.Compact(slices.Sorted(slices.Values(values)))
	switch {
	case len(values) > 1:
		return "", "the " + what + " stands there twice"
	case !wanted:
		return "", ""
	case len(values) == 0 || values[0] == "":
		return "", "the " + what + " is missing"
	}
	return values[0], ""
}

// parse takes signatures and times out of a field's value; what has another form is nobody's.
func (s *Scheme) parse(value string, sigs, stamps *[]string) {
	items, forms := []string{value}, []string{s.Form}
	if s.List != "" {
		items, forms = strings.SplitN(value, s.List, 2*maxSignatures), strings.Split(s.Form, s.List)
	}
	for _, item := range items {
		item = strings.TrimSpace(item)
		for _, form := range forms {
			prefix, _ := strings.CutSuffix(strings.TrimSuffix(form, "{sig}"), "{ts}")
			rest, ok := strings.CutPrefix(item, prefix)
			switch {
			case !ok || rest == "":
			case strings.HasSuffix(form, "{ts}"):
				*stamps = append(*stamps, rest)
			default:
				*sigs = append(*sigs, rest)
			}
		}
	}
}

// write is the value of the signature's field.
func (s *Scheme) write(ts, sig string) string {
	return strings.NewReplacer("{ts}", ts, "{sig}", sig).Replace(s.Form)
}

func trimmed(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = strings.TrimSpace(v)
	}
	return out
}

var errStamp = errors.New("the time of signing is none that can be read")

// stamp is the time of signing; zero when the scheme has none.
func (s *Scheme) stamp(c claim) (time.Time, error) {
	if !s.stamped() {
		return time.Time{}, nil
	}
	if s.Unit == "rfc3339" {
		t, err := time.Parse(time.RFC3339, c.ts)
		if err != nil || t.IsZero() {
			return time.Time{}, errStamp
		}
		return t, nil
	}
	n, err := strconv.ParseInt(c.ts, 10, 64)
	if limit := int64(1) << 50; err != nil || n <= 0 || n > limit { // far more than any calendar, and no overflow
		return time.Time{}, errStamp
	}
	if s.Unit == "ms" {
		return time.UnixMilli(n), nil
	}
	return time.Unix(n, 0), nil
}

// writeStamp is a time as the scheme writes it.
func (s *Scheme) writeStamp(t time.Time) string {
	switch s.Unit {
	case "ms":
		return strconv.FormatInt(t.UnixMilli(), 10)
	case "rfc3339":
		return t.UTC().Format(time.RFC3339)
	}
	return strconv.FormatInt(t.Unix(), 10)
}
