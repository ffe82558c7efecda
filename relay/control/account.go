package control

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// DefaultPlan is the plan that every store has, at first without limits.
const DefaultPlan = "free"

// Plan is what accounts may do.
type Plan struct {
	Name string `json:"name"`
	Limits
}

// Limits bound an account; 0 sets no limit.
type Limits struct {
	Endpoints  int   `json:"endpoints"`       // at once
	Sessions   int   `json:"sessions"`        // agents at once
	Rate       int   `json:"rate"`            // requests a second, over all endpoints
	Bandwidth  int64 `json:"bandwidth"`       // bytes of content a second, over all endpoints, both directions together
	SessionFor int   `json:"session_seconds"` // how long a session may last, in seconds
	RandomOnly bool  `json:"random_only"`     // names are the relay's choice, but for domains that are reserved for the account or proven to be its own
}

// maxSessionFor is ten years: what a duration can hold, and more than any session.
const maxSessionFor = 10 * 366 * 24 * 3600

// SessionLength is SessionFor as a duration; 0: no limit.
func (l Limits) SessionLength() time.Duration { return time.Duration(l.SessionFor) * time.Second }

func (p Plan) check() error {
	for what, n := range map[string]int64{
		"endpoints": int64(p.Endpoints), "sessions": int64(p.Sessions), "rate": int64(p.Rate), "bandwidth": p.Bandwidth, "session length": int64(p.SessionFor),
	} {
		if n < 0 {
			return invalid("the limit of %s is %d: it is 0 (none) or more", what, n)
		}
	}
	if p.SessionFor > maxSessionFor {
		return invalid("the limit of session length is %d s: it is at most %d (ten years), or 0 (none)", p.SessionFor, maxSessionFor)
	}
	return checkName("plan", p.Name)
}

// Account is somebody who has tokens and names.
type Account struct {
	Name    string    `json:"name"`
	Plan    string    `json:"plan"`
	Proof   string    `json:"proof"` // what the TXT record _adit.NAME holds when the domain NAME is the account's
	Created time.Time `json:"created"`
}

// Token is a token without its secret.
type Token struct {
	ID      string    `json:"id"` // names it when it is listed and revoked
	Account string    `json:"account"`
	Note    string    `json:"note,omitempty"` // the owner's words
	File    string    `json:"file,omitempty"` // the token file it came from
	Absent  bool      `json:"absent,omitempty"`
	Created time.Time `json:"created"`
	Scopes
}

// Secret is a token with its secret, as it is shown once.
type Secret struct {
	Secret string `json:"token"`
	Token
}

// maxNote is how long a note may be.
const maxNote = 200

// Domain is a host name that is an account's.
type Domain struct {
	Name    string    `json:"name"`
	Account string    `json:"account"`
	Created time.Time `json:"created"`
}

// Scopes narrow down what a token may do; an empty list sets no bounds.
type Scopes struct {
	Names     []string       `json:"names,omitempty"`     // patterns of host names: a whole name, or a label under the relay's domain; * stands for letters, digits and hyphens
	Protocols []string       `json:"protocols,omitempty"` // "http", "tcp", "tls"
	From      []netip.Prefix `json:"from,omitempty"`      // where its agents connect from
}

// AllowsProtocol says whether the token is for endpoints of that protocol.
func (s Scopes) AllowsProtocol(p string) bool {
	return len(s.Protocols) == 0 || slices.Contains(s.Protocols, p)
}

// AllowsFrom says whether agents may connect from a. An IPv4 address in IPv6's clothes is the IPv4 address.
func (s Scopes) AllowsFrom(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return len(s.From) == 0 || slices.ContainsFunc(s.From, func(p netip.Prefix) bool { return p.Contains(a) })
}

// AllowsName says whether the token is for a canonical host name; domain is the relay's.
func (s Scopes) AllowsName(host, domain string) bool {
	return len(s.Names) == 0 || slices.ContainsFunc(s.Names, func(pattern string) bool {
		if !strings.Contains(pattern, ".") {
			pattern += "." + domain
		}
		return matches(pattern, host)
	})
}

// matches compares label by label: * stands for any part of one label.
func matches(pattern, host string) bool {
	want, have := strings.Split(pattern, "."), strings.Split(host, ".")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !matchesLabel(want[i], have[i]) {
			return false
		}
	}
	return true
}

func matchesLabel(pattern, label string) bool {
	parts := strings.Split(pattern, "*")
	first, last := parts[0], parts[len(parts)-1]
	if len(parts) == 1 {
		return pattern == label
	}
	if len(label) < len(first)+len(last) || !strings.HasPrefix(label, first) || !strings.HasSuffix(label, last) {
		return false
	}
	rest := label[len(first) : len(label)-len(last)]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	return true
}

// Check says what is wrong with a token that is to be made, but for an account that is not there.
func (t Token) Check() error {
	_, err := t.tidy()
	return err
}

// tidy checks the token and brings it into one spelling.
func (t Token) tidy() (_ Token, err error) {
	if err := checkName("account", t.Account); err != nil {
		return t, err
	}
	if len(t.Note) > maxNote || strings.ContainsFunc(t.Note, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return t, invalid("a note has at most %d bytes and no control characters", maxNote)
	}
	names := make([]string, len(t.Names))
	for i, n := range t.Names {
		names[i] = strings.TrimSuffix(strings.ToLower(n), ".")
		if !isPattern(names[i]) {
			return t, invalid("%q is no pattern of host names, such as app-*, app.tunnel.example.com or *.example.com", n)
		}
	}
	t.Names = names
	for _, p := range t.Protocols {
		if p != "http" && p != "tcp" && p != "tls" {
			return t, invalid("%q is none of the protocols http, tcp and tls", p)
		}
	}
	from := make([]netip.Prefix, len(t.From))
	for i, p := range t.From {
		if from[i], err = ParsePrefix(p.String()); err != nil {
			return t, err
		}
	}
	t.From = from
	return t, nil
}

// ParsePrefix reads an address range in CIDR notation, or a single address, as a range. IPv4 that is written as part of IPv6 is IPv4, as addresses of agents
// and visitors are.
func ParsePrefix(s string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(s)
	if a, aerr := netip.ParseAddr(s); aerr == nil && a.Zone() == "" {
		p, err = netip.PrefixFrom(a, a.BitLen()), nil
	}
	if p = unmapped(p); err != nil || p.Addr().Is4In6() {
		return netip.Prefix{}, invalid("%q is neither an address nor a CIDR such as 10.0.0.0/8", s)
	}
	return p.Masked(), nil
}

// unmapped is an IPv4 range that was written as part of IPv6. What is more than all of IPv4 is none, and stays.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

func isPattern(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-*") != "" {
			return false
		}
	}
	return true
}

func invalid(format string, a ...any) *Error {
	return &Error{ErrInvalid, fmt.Sprintf(format, a...)}
}

// checkName holds account and plan names to what can stand in a line of the file, in a log line and on a screen without being quoted.
func checkName(what, s string) error {
	if s == "" {
		return invalid("the %s is missing", what)
	}
	if len(s) > 64 {
		return invalid("the %s is longer than 64 characters", what)
	}
	for i, c := range []byte(s) {
		alnum := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if alnum || i > 0 && (c == '-' || c == '_' || c == '.' || c == '@') {
			continue
		}
		return invalid("the %s %q may hold letters, digits and -_.@ only, and begins with a letter or digit", what, s)
	}
	return nil
}
