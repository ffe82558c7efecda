package cli

import (
	"net"
	"net/url"
	"strconv"
	"strings"
)

// upstreamURL reads the argument of "adit http" as ngrok does: a port, host:port, or an http URL.
func upstreamURL(arg string) (string, error) {
	if scheme, rest, ok := strings.Cut(arg, "://"); ok {
		switch scheme {
		case "http":
			return plainURL(arg, rest)
		case "https", "file":
			return "", usage("%s: upstreams of the kind %s:// are not offered yet; give the address of a plain HTTP service", arg, scheme)
		default:
			return "", usage("%s: a web service is named by a port, HOST:PORT or http://HOST:PORT", arg)
		}
	}
	if n, err := strconv.Atoi(arg); err == nil {
		if n < 1 || n > 65535 {
			return "", usage("%s is no port number: they go from 1 to 65535", arg)
		}
		return "http://localhost:" + arg, nil
	}
	return plainURL("http://"+arg, arg)
}

func plainURL(raw, shown string) (string, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "", usage("%q is no address: give a port, HOST:PORT or http://HOST:PORT", shown)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", usage("%q: an upstream is HOST:PORT alone; paths stay as the visitor wrote them", shown)
	}
	port := u.Port()
	if port == "" && strings.HasSuffix(u.Host, ":") {
		return "", usage("%q: the port is missing behind the colon", shown)
	}
	if port == "" {
		port = "80"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", usage("%q: %s is no port number", shown, port)
	}
	return "http://" + net.JoinHostPort(u.Hostname(), port), nil
}

// publicHost reads the value of --url: a host name, with or without http:// in front.
func publicHost(value string) (string, error) {
	if value == "" {
		return "", nil
	}
	raw := value
	if !strings.Contains(raw, "://") {
		raw = "http://" + raw
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" {
		return "", usage("--url %q is no host name", value)
	}
	if u.Scheme != "http" && u.Scheme != "https" {
		return "", usage("--url %q: an HTTP endpoint has an http or https URL", value)
	}
	if u.Port() != "" {
		return "", usage("--url %q: the port is the relay's to choose; leave it out", value)
	}
	return u.Hostname(), nil
}
