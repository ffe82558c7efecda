package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/url"
	"slices"
	"strings"
)

// contents are what may have been signed: one text, or several spellings of it. The first is the usual one.
func (s *Scheme) contents(r *Request, ts, id string) ([][]byte, error) {
	if s.canon != nil {
		return s.canon(r, ts)
	}
	var out []byte
	for rest := s.Content; rest != ""; {
		before, after, ok := strings.Cut(rest, "{")
		out = append(out, before...)
		if !ok {
			break
		}
		name, next, _ := strings.Cut(after, "}")
		switch name {
		case "body":
			out = append(out, r.Body...)
		case "ts":
			out = append(out, ts...)
		case "id":
			out = append(out, id...)
		case "method":
			out = append(out, r.Method...)
		case "url":
			out = append(out, r.URL...)
		case "path":
			out = append(out, r.path()...)
		case "form":
			form, err := r.form()
			if err != nil {
				return nil, err
			}
			out = append(out, form...)
		default:
			return nil, fmt.Errorf("%q has no {%s} that could be signed", s.Content, name)
		}
		rest = next
	}
	return [][]byte{out}, nil
}

// path is that of the URL with its query, as it was sent.
func (r *Request) path() string {
	_, rest, _ := strings.Cut(r.URL, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return "/"
}

// form is the content's parameters in alphabetical order, names and values with nothing between them; "" when the content is no form.
func (r *Request) form() (string, error) {
	kind, _, _ := mime.ParseMediaType(r.first("Content-Type"))
	if kind != "application/x-www-form-urlencoded" {
		return "", nil
	}
	values, err := url.ParseQuery(string(r.Body))
	if err != nil {
		return "", errors.New("the form in the content cannot be read")
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(values[name]))) {
			b.WriteString(name)
			b.WriteString(value)
		}
	}
	return b.String(), nil
}

// twilio signs the URL, with the form behind it. The URL of other content has its hash, and Twilio writes a port, or leaves it out, in its own way.
func twilio(r *Request, _ string) ([][]byte, error) {
	form, err := r.form()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return nil, errors.New("its URL cannot be read")
	}
	if want := u.Query().Get("bodySHA256"); want != "" {
		if have := sha256.Sum256(r.Body); !strings.EqualFold(want, hex.EncodeToString(have[:])) {
			return nil, fmt.Errorf("bodySHA256 in its URL is that of other content; of this it would be %x", have)
		}
		form = ""
	}
	out := [][]byte{[]byte(r.URL + form)}
	for _, other := range otherPorts(r.URL, u) {
		out = append(out, []byte(other+form))
	}
	return out, nil
}

// otherPorts are spellings of a URL that lead to the same place: with the port of its scheme, or without one.
func otherPorts(raw string, u *url.URL) []string {
	port := map[string]string{"https": ":443", "http": ":80"}[u.Scheme]
	switch {
	case u.Port() != "":
		return []string{strings.Replace(raw, u.Host, strings.TrimSuffix(u.Host, ":"+u.Port()), 1)}
	case port != "" && u.Host != "":
		return []string{strings.Replace(raw, u.Host, u.Host+port, 1)}
	}
	return nil
}

// hubspotURL are the codes in a URL that HubSpot signs as what they stand for.
var hubspotURL = strings.NewReplacer("%3A", ":", "%2F", "/", "%3F", "?", "%40", "@", "%21", "!", "%24", "$", "%27", "'", "%28", "(", "%29", ")", "%2A", "*",
	"%2C", ",", "%3B", ";")

func hubspot(r *Request, ts string) ([][]byte, error) {
	return [][]byte{slices.Concat([]byte(r.Method+hubspotURL.Replace(r.URL)), r.Body, []byte(ts))}, nil
}

// contentful signs fields that it names in another one.
func contentful(r *Request, ts string) ([][]byte, error) {
	var fields []string
	for name := range strings.SplitSeq(r.first("X-Contentful-Signed-Headers"), ",") {
		name = strings.ToLower(strings.TrimSpace(name))
		value := r.first(name)
		if name == "x-contentful-timestamp" {
			value = ts
		}
		fields = append(fields, name+":"+value)
	}
	head := strings.Join([]string{r.Method, r.path(), strings.Join(fields, ";"), ""}, "\n")
	return [][]byte{append([]byte(head), r.Body...)}, nil
}

// linearBody is the time in a webhook of Linear.
func linearBody(body []byte) claim {
	var b struct {
		Time json.Number `json:"webhookTimestamp"`
	}
	if json.Unmarshal(body, &b) != nil {
		return claim{}
	}
	return claim{ts: b.Time.String()}
}

// mailgunBody is the signature in a webhook of Mailgun, which signs nothing else.
func mailgunBody(body []byte) claim {
	if !strings.Contains(string(body), `"token"`) {
		return claim{}
	}
	var b struct {
		Signature struct{ Timestamp, Token, Signature string }
	}
	if json.Unmarshal(body, &b) != nil || b.Signature.Signature == "" || b.Signature.Token == "" {
		return claim{}
	}
	s := b.Signature
	return claim{present: true, sigs: []string{s.Signature}, ts: s.Timestamp, id: s.Token}
}
