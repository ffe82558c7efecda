package config

import (
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// UpstreamURL reads where a web service is, as ngrok does: a port, HOST:PORT, or an URL. kind is http, https or file; address is
// http://HOST:PORT, and "" for the other two kinds.
func UpstreamURL(text string) (address, kind string, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case ok && scheme == "http":
		address, err = plainURL(text, rest)
		return address, "http", err
	case ok && (scheme == "https" || scheme == "file"):
		return "", scheme, nil
	case ok:
		return "", "", fmt.Errorf("%q: a web service is named by a port, HOST:PORT or http://HOST:PORT", withoutPassword(text))
	}
	if n, err := strconv.Atoi(text); err == nil {
		switch {
		case n < 1 || n > 65535 || text[0] == '+':
			return "", "", fmt.Errorf("%s is no port number: they go from 1 to 65535", text)
		case n == 443:
			return "", "https", nil
		}
		return "http://localhost:" + text, "http", nil
	}
	if strings.HasSuffix(text, ":443") {
		return "", "https", nil
	}
	address, err = plainURL("http://"+text, text)
	return address, "http", err
}

// withoutPassword is the text of an URL, or of a part of one, as it may be shown.
func withoutPassword(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, ok := strings.Cut(text, "://")
	if !ok {
		return "…" + text[at:]
	}
	return scheme + "://…" + text[at:]
}

func plainURL(raw, shown string) (string, error) {
	shown = withoutPassword(shown)
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" {
		return "", fmt.Errorf("%q is no address: give a port, HOST:PORT or http://HOST:PORT", shown)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return "", fmt.Errorf("%q: an upstream is HOST:PORT alone; paths stay as the visitor wrote them", shown)
	}
	port := u.Port()
	if port == "" && strings.HasSuffix(u.Host, ":") {
		return "", fmt.Errorf("%q: the port is missing behind the colon", shown)
	}
	if port == "" {
		port = "80"
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", fmt.Errorf("%q: %s is no port number", shown, port)
	}
	return "http://" + net.JoinHostPort(u.Hostname(), port), nil
}

// publicURL reads the public URL that is wanted of an endpoint of a protocol: a host name, or an URL of one. "https://" and the like leave the
// name to the relay.
func publicURL(text, protocol string) (scheme, host string, err error) {
	raw := text
	if !strings.Contains(raw, "://") {
		raw = protocol + "://" + raw
	}
	scheme, rest, _ := strings.Cut(raw, "://")
	if !slices.Contains([]string{"http", "https", "tcp", "tls"}, scheme) {
		return "", "", fmt.Errorf("%q: a public URL begins with http, https, tcp or tls", withoutPassword(text))
	}
	if rest == "" || scheme == "tcp" && strings.HasPrefix(rest, ":") {
		return scheme, "", nil // a port alone says nothing of the name
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil ||
		strings.ContainsAny(u.Hostname(), "<>(){}$!'\"&;=+,~") {
		return "", "", fmt.Errorf("%q is no host name", withoutPassword(text))
	}
	if u.Port() != "" && scheme != "tcp" && scheme != "tls" {
		return "", "", fmt.Errorf("%q: the port is the relay's to choose; leave it out", withoutPassword(text))
	}
	return scheme, u.Hostname(), nil
}
