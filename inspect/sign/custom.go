package sign

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// HMAC is the ID of a provider that somebody describes.
const HMAC = "hmac"

var (
	token       = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")
	placeholder = regexp.MustCompile(`\{([^}]*)\}?`)
)

// SchemeError says what is wrong with a scheme that somebody wrote. Key is in the words of the configuration.
type SchemeError struct{ Key, Text string }

// Error returns both.
func (e *SchemeError) Error() string { return e.Key + ": " + e.Text }

// New makes a provider of a scheme of one's own, whose ID is HMAC. What is left out of s has the usual value. The error is a *SchemeError.
func New(s Scheme) (*Provider, error) {
	if s.Stamp != "" && s.Content == "" {
		s.Content = "{ts}.{body}"
	}
	p := one(HMAC, s)
	s = p.schemes[0]
	for key, field := range map[string]string{"header": s.Field, "timestamp_header": s.Stamp, "id_header": s.ID} {
		if !token.MatchString(field) && (field != "" || key == "header") {
			return nil, &SchemeError{key, fmt.Sprintf("%q is no name of a header field", field)}
		}
	}
	if hashes[s.Algorithm] == nil {
		return nil, &SchemeError{"algorithm", fmt.Sprintf("%q is none of %s", s.Algorithm, list(hashes))}
	}
	if encodings[s.Encoding].encode == nil {
		return nil, &SchemeError{"encoding", fmt.Sprintf("%q is none of %s", s.Encoding, list(encodings))}
	}
	if !strings.HasSuffix(s.Form, "{sig}") || strings.Contains(s.Form, "{ts}") {
		return nil, &SchemeError{"prefix", "it holds braces, which mean something else"}
	}
	if err := s.checkContent(); err != nil {
		return nil, err
	}
	return &p, nil
}

// checkContent looks at the template.
func (s *Scheme) checkContent() error {
	for _, m := range placeholder.FindAllStringSubmatch(s.Content, -1) {
		wrong := ""
		switch m[1] {
		case "body", "method", "url", "path", "form":
		case "ts":
			if s.Stamp == "" {
				wrong = "{ts} needs timestamp_header"
			}
		case "id":
			if s.ID == "" {
				wrong = "{id} needs id_header"
			}
		default:
			wrong = fmt.Sprintf("%s is none of {body}, {ts}, {id}, {method}, {url}, {path}, {form}", m[0])
		}
		if wrong != "" {
			return &SchemeError{"content", wrong}
		}
	}
	if s.Stamp != "" && !strings.Contains(s.Content, "{ts}") {
		return &SchemeError{"content", "it lacks {ts}, and a time that is not signed protects from nothing"}
	}
	return nil
}

func list[V any](m map[string]V) string { return strings.Join(slices.Sorted(maps.Keys(m)), ", ") }
