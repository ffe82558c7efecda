package relay

import (
	"net"
	"slices"
	"strconv"
	"strings"
)

// agentsByALPN says that agents have no listener of their own, but share the one for https.
func (o *Options) agentsByALPN() bool {
	if o.HTTPS == "" {
		return false
	}
	_, port, _ := net.SplitHostPort(o.HTTPS)
	return o.Agents == "" || o.Agents == o.HTTPS && port != "0"
}

// urls are what an endpoint's host is called by: first what people open.
type urls struct {
	http, https *publicURL // nil: not served
	front       bool       // something in front of the relay ends TLS
}

// endsTLS says that the relay ends TLS for an endpoint that wants these schemes.
func (u urls) endsTLS(schemes []string) bool {
	return u.https != nil && !u.front && (len(schemes) == 0 || slices.Contains(schemes, "https"))
}

// of gives the URLs of a host whose endpoint wants these schemes; none: those that the relay has. false: none of them is served.
func (u urls) of(host string, schemes []string) (url string, aliases []string, ok bool) {
	var all []string
	for _, s := range []struct {
		scheme string
		url    *publicURL
	}{{"https", u.https}, {"http", u.http}} {
		if s.url != nil && (len(schemes) == 0 || slices.Contains(schemes, s.scheme)) {
			all = append(all, s.url.of(host))
		}
	}
	if len(all) == 0 {
		return "", nil, false
	}
	return all[0], all[1:], true
}

// urls are Options.PublicURL alone, or the domain with the ports that the listeners really have.
func (r *Relay) urls() urls {
	if u, err := parsePublicURL(r.o.PublicURL, r.o.Domain); err == nil {
		if strings.HasPrefix(u.before, "https") {
			return urls{https: &u, front: true}
		}
		return urls{http: &u}
	}
	return urls{http: urlAt("http", r.http, 80), https: urlAt("https", r.https, 443)}
}

func urlAt(scheme string, ln net.Listener, usual int) *publicURL {
	if ln == nil {
		return nil
	}
	u := &publicURL{before: scheme + "://"}
	if port := portOf(ln); port != usual {
		u.after = ":" + strconv.Itoa(port)
	}
	return u
}
