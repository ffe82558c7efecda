package view

import (
	"net"
	"strconv"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// Title names what was carried, in two parts. Of a request they are its method and target, raw. Of a connection they are its kind, and whose it is and what
// passed: "TCP", "203.0.113.7:52144 · 12.3 KiB ↑ 4.1 MiB ↓", with the server name of a tls connection in front; what passed
// is left out as long as nothing did.
func Title(x *inspect.Exchange) (what, of string) {
	if !x.IsConnection() {
		return x.Request.Method, x.Request.Target
	}
	parts := make([]string, 0, 3)
	if x.Request.Host != "" {
		parts = append(parts, x.Request.Host)
	}
	if x.Client.IsValid() {
		parts = append(parts, x.Client.String())
	}
	if x.Request.Size+fromService(x) > 0 {
		parts = append(parts, Traffic(x))
	}
	return strings.ToUpper(x.Kind.String()), strings.Join(parts, " · ")
}

// Traffic is how many bytes have come from the visitor of a connection, and how many from the service: "12.3 KiB ↑ 4.1 MiB ↓".
func Traffic(x *inspect.Exchange) string {
	return Size(x.Request.Size) + " ↑ " + Size(fromService(x)) + " ↓"
}

// Passed is Traffic in words.
func Passed(x *inspect.Exchange) string {
	return Size(x.Request.Size) + " from the visitor, " + Size(fromService(x)) + " from the service"
}

func fromService(x *inspect.Exchange) int64 {
	if x.Response == nil {
		return 0
	}
	return x.Response.Size
}

// Try is a command that has something come through a public URL: a request, or a connection to a tcp or tls endpoint; "" without a URL.
func Try(url string) string {
	scheme, place, ok := strings.Cut(url, "://")
	host, port, err := net.SplitHostPort(place)
	switch {
	case !ok:
		return ""
	case scheme == "tcp":
		if err != nil {
			return Sanitize("nc " + place)
		}
		return Sanitize("nc " + host + " " + port)
	case scheme == "tls":
		if err != nil {
			host, port = place, "443"
		}
		return Sanitize("openssl s_client -servername " + host + " -connect " + net.JoinHostPort(host, port))
	}
	return Sanitize("curl " + url)
}

// Connections counts them: "1 connection", "3 connections".
func Connections(n int) string {
	if n == 1 {
		return "1 connection"
	}
	return strconv.Itoa(n) + " connections"
}

// connectionStatus is how far a connection is, or what it failed of.
func connectionStatus(x *inspect.Exchange) string {
	if x.Failure != nil && x.Failure.Name != "" {
		return Sanitize(x.Failure.Name)
	}
	return connectionState(x)
}

// connectionState is how far a connection is; "" while the local service has not taken it.
func connectionState(x *inspect.Exchange) string {
	switch x.State {
	case inspect.Pending:
		return ""
	case inspect.Done:
		return "closed"
	}
	return x.State.String()
}

// connectionTiming divides a connection's time: dialling the local service, and the rest.
func connectionTiming(x *inspect.Exchange) (phases []Phase) {
	connect := min(x.Connect, x.Duration)
	if x.Response == nil {
		connect = x.Duration // it never stood
	}
	for _, p := range []Phase{
		{Name: "connect", Took: connect, Text: "dialling the local service"},
		{Name: "open", After: connect, Took: x.Duration - connect, Text: "bytes both ways"},
	} {
		if p.Took > 0 {
			phases = append(phases, p)
		}
	}
	return phases
}
