package web

import (
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// guard stands before the API. A page in the developer's browser can send requests to 127.0.0.1 under its own name (a simple form or fetch),
// or under a name of its own that it lets resolve to 127.0.0.1 (DNS rebinding), so:
//
//   - the Host must be a loopback name or address, or one that was allowed: a rebound name is neither. Where other machines are to come, other addresses and
//     names without a dot (http://ngrok:4040, among containers) will do: no page has such a name;
//   - a request that says it comes from another site or origin is refused, reading or writing, but for following a link;
//   - what changes something must be declared as JSON, which a page cannot send elsewhere without asking first, and the question (OPTIONS)
//     is refused like any other method. There are no CORS headers at all;
//   - with a password, who asks must know it: HTTP Basic, under any user name;
//   - content is at most 2 MiB.
type guard struct {
	names    map[string]bool
	suffixes []string
	ranges   []netip.Prefix
	open     bool // other machines are to come
	password *password
	next     http.Handler
}

// newGuard reads allow: names, addresses, ".suffix", CIDR ranges.
func newGuard(allow []string, next http.Handler) *guard {
	g := &guard{names: map[string]bool{}, next: next}
	for _, a := range allow {
		a = strings.ToLower(strings.TrimSpace(a))
		switch p, err := netip.ParsePrefix(a); {
		case a == "":
		case err == nil:
			g.ranges = append(g.ranges, p)
		case strings.HasPrefix(a, "."):
			g.suffixes = append(g.suffixes, a)
		default:
			g.names[strings.Trim(a, "[]")] = true
		}
	}
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if problem := g.check(r); problem != nil {
		if problem.status == http.StatusUnauthorized {
			h.Set("WWW-Authenticate", `Basic realm="adit", charset="UTF-8"`)
		}
		problem.write(w, r)
		return
	}
	g.next.ServeHTTP(w, r)
}

// check returns why r is refused, nil when it is not.
func (g *guard) check(r *http.Request) *apiError {
	if !g.allowed(r.Host) {
		return fail(codeForbidden, http.StatusForbidden, "host is not allowed", "use localhost or a loopback address, or allow the name with web_allow_hosts")
	}
	if isForeign(r) {
		return fail(codeForbidden, http.StatusForbidden, "request from another origin", "only this address itself may call the API")
	}
	if !g.password.given(r) {
		return fail(codeForbidden, http.StatusUnauthorized, "password required", "").saying("", "send it by HTTP Basic, with any user name: it is web_password in the agent's configuration")
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
	default:
		return fail(codeMethod, http.StatusMethodNotAllowed, "method not allowed", r.Method)
	}
	// A DELETE without content needs no type: a page may not send that method elsewhere without asking first either.
	kinds := r.Header.Values("Content-Type")
	if len(kinds) == 0 && r.Method == http.MethodDelete && r.ContentLength == 0 {
		return nil
	}
	if len(kinds) != 1 || !isJSON(kinds[0]) {
		return fail(codeBadRequest, http.StatusUnsupportedMediaType, "content must be application/json", r.Header.Get("Content-Type"))
	}
	if r.ContentLength > maxBody {
		return fail(codeBadRequest, http.StatusRequestEntityTooLarge, "content is too large", largest)
	}
	return nil
}

// allowed says whether a Host value, with any port, names this machine or was allowed.
func (g *guard) allowed(hostport string) bool {
	host, ok := hostOf(hostport)
	if !ok {
		return false
	}
	if host == "localhost" || strings.HasSuffix(host, ".localhost") || g.names[host] {
		return true
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if ip = ip.Unmap(); ip.IsLoopback() && ip.Zone() == "" {
			return true
		}
		for _, p := range g.ranges {
			if p.Contains(ip) {
				return true
			}
		}
		return g.open && ip.Zone() == ""
	}
	if g.open && !strings.ContainsAny(host, ".:") {
		return true
	}
	for _, s := range g.suffixes {
		if strings.HasSuffix(host, s) && len(host) > len(s) {
			return true
		}
	}
	return false
}

// hostOf is the host of a Host value: lower case, without port, brackets and final dot.
func hostOf(hostport string) (host string, ok bool) {
	host = strings.ToLower(hostport)
	switch {
	case strings.HasPrefix(host, "["):
		end := strings.IndexByte(host, ']')
		if end < 0 || !isPort(host[end+1:]) || !strings.Contains(host[:end], ":") {
			return "", false
		}
		return host[1:end], true
	case strings.Count(host, ":") > 1:
		return "", false
	}
	if i := strings.IndexByte(host, ':'); i >= 0 {
		if !isPort(host[i:]) {
			return "", false
		}
		host = host[:i]
	}
	host = strings.TrimSuffix(host, ".")
	return host, host != "" && !strings.ContainsAny(host, "/\\@%?# \t")
}

// isPort says that s is empty or a colon with digits.
func isPort(s string) bool {
	return s == "" || s[0] == ':' && strings.Trim(s[1:], "0123456789") == ""
}

// isForeign says that a browser declares r to come from a page elsewhere. Programs declare nothing. Sec-Fetch-Site cannot be set by
// pages; a link that is followed to a GET is what a person does.
func isForeign(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		follows := reads && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
		if site != "same-origin" && site != "none" && !follows {
			return true
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		u, err := url.Parse(origin)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || !sameHost(u.Host, r.Host, u.Scheme) {
			return true
		}
	}
	return false
}

// sameHost compares an origin's host with a Host value; both may leave out the scheme's port.
func sameHost(origin, host, scheme string) bool {
	port := map[string]string{"http": "80", "https": "443"}[scheme]
	full := func(s string) string {
		s = strings.ToLower(s)
		if _, _, err := net.SplitHostPort(s); err != nil {
			return s + ":" + port
		}
		return s
	}
	return origin != "" && full(origin) == full(host)
}

func isJSON(kind string) bool {
	t, _, err := mime.ParseMediaType(kind)
	return err == nil && t == "application/json"
}
