package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// UpstreamURL reads where a web service is, as ngrok does: a port, HOST:PORT, or an URL; 443 as a port alone, or behind a host, means https. kind is http,
// https, unix or file; address is http://HOST:PORT, https://HOST:PORT, unix:/PATH or file:///DIRECTORY.
func UpstreamURL(text string) (address, kind string, err error) {
	if path, ok := strings.CutPrefix(text, "unix:"); ok {
		return socketURL(text, strings.TrimPrefix(path, "//"))
	}
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case ok && scheme == "file":
		return folderURL(text, rest)
	case ok && (scheme == "http" || scheme == "https"):
		return serviceURL(scheme, rest, text)
	case ok:
		return "", "", fmt.Errorf("%q: a web service is named by a port, HOST:PORT, or an URL with http, https, unix or file", withoutPassword(text))
	}
	if n, err := strconv.Atoi(text); err == nil {
		if n < 1 || n > 65535 || text[0] == '+' {
			return "", "", fmt.Errorf("%s is no port number: they go from 1 to 65535", text)
		}
		text = "localhost:" + text
	}
	if strings.HasSuffix(text, ":443") {
		return serviceURL("https", text, text)
	}
	return serviceURL("http", text, text)
}

// socketURL reads the path of a unix socket, or a name of Linux's own that begins with @.
func socketURL(text, p string) (address, kind string, err error) {
	if strings.HasPrefix(p, "/") {
		p = path.Clean(p)
	}
	if len(p) < 2 || p[0] != '/' && p[0] != '@' {
		return "", "", fmt.Errorf("%q: give the whole path of the socket, as in unix:/run/app.sock", text)
	}
	return "unix:" + p, "unix", nil
}

// folderURL reads the path of a directory as the system writes it: nothing in it is escaped.
func folderURL(text, path string) (address, kind string, err error) {
	if drive := strings.TrimPrefix(path, "/"); filepath.VolumeName(drive) != "" {
		path = drive
	}
	if !filepath.IsAbs(path) {
		return "", "", fmt.Errorf("%q: give the whole path of the directory, as in file:///srv/www", text)
	}
	if path[0] != '/' {
		path = "/" + path // file:///C:\www
	}
	return "file://" + path, "file", nil
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

// serviceURL reads HOST or HOST:PORT; shown is what the person has written.
func serviceURL(scheme, rest, shown string) (address, kind string, err error) {
	shown = withoutPassword(shown)
	rest, err = bracketed(strings.TrimRight(rest, "/"), scheme, shown)
	if err != nil {
		return "", "", err
	}
	u, err := url.Parse(scheme + "://" + rest)
	if err != nil || u.Hostname() == "" || strings.Contains(u.Hostname(), "%") {
		return "", "", fmt.Errorf("%q is no address: give a port, HOST:PORT or http://HOST:PORT", shown)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Path != "" {
		return "", "", fmt.Errorf("%q: an upstream is HOST:PORT alone; paths stay as the visitor wrote them", shown)
	}
	port := u.Port()
	if port == "" && strings.HasSuffix(u.Host, ":") {
		return "", "", fmt.Errorf("%q: the port is missing behind the colon", shown)
	}
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[scheme]
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return "", "", fmt.Errorf("%q: %s is no port number", shown, port)
	}
	return scheme + "://" + net.JoinHostPort(u.Hostname(), port), scheme, nil
}

// bracketed puts the brackets that an IPv6 address needs in front of a port where somebody has left them out, if only one reading makes sense: an address in
// ::/96 means nothing any more (RFC 4291, 2.5.5.1), so ::1:3000 is a port of ::1.
func bracketed(hostport, scheme, shown string) (string, error) {
	if strings.Count(hostport, ":") < 2 || strings.ContainsAny(hostport, "[]@/?#%") {
		return hostport, nil
	}
	at := strings.LastIndexByte(hostport, ':')
	host, port := hostport[:at], hostport[at+1:]
	whole, wholeErr := netip.ParseAddr(hostport)
	head, headErr := netip.ParseAddr(host)
	n, portErr := strconv.ParseUint(port, 10, 16)
	withPort := headErr == nil && head.Is6() && portErr == nil && n > 0
	nonsense := wholeErr == nil && whole != netip.IPv6Loopback() && whole != netip.IPv6Unspecified() && netip.MustParsePrefix("::/96").Contains(whole)
	switch {
	case withPort && (wholeErr != nil || nonsense):
		return "[" + host + "]:" + port, nil
	case wholeErr == nil && !withPort && !nonsense:
		return "[" + hostport + "]", nil
	case wholeErr == nil && withPort:
		return "", fmt.Errorf("%q can be read in two ways: write %s://[%s]:%s for that port, or %s://[%s] for that address", shown, scheme, host, port, scheme, hostport)
	}
	return "", fmt.Errorf("%q is no address: an IPv6 address with a port is written [ADDRESS]:PORT, as in [::1]:3000", shown)
}

// usualPorts are those that an URL of the scheme means without saying so (RFC 3986, 6.2.3).
var usualPorts = map[string]string{"http": "80", "https": "443", "tls": "443"}

// publicURL reads the public URL that is wanted of an endpoint of a protocol: a host name, or an URL of one. "https://" and the like leave the
// name to the relay. scheme is as it is written, in small letters; "" where none is.
func publicURL(text, protocol string) (scheme, host string, err error) {
	scheme, rest, ok := strings.Cut(text, "://")
	if scheme = strings.ToLower(scheme); !ok {
		scheme, rest = "", text
	}
	if ok && !slices.Contains([]string{"http", "https", "tcp", "tls"}, scheme) {
		return "", "", fmt.Errorf("%q: a public URL begins with http, https, tcp or tls", withoutPassword(text))
	}
	kind := cmp.Or(scheme, protocol)
	if rest == "" || kind == "tcp" && strings.HasPrefix(rest, ":") {
		return scheme, "", nil // a port alone says nothing of the name
	}
	u, err := url.Parse(kind + "://" + rest)
	switch {
	case err != nil || u.Hostname() == "" || u.User != nil || strings.ContainsAny(u.Hostname(), "<>(){}$!'\"&;=+,~ "):
		return "", "", fmt.Errorf("%q is no host name", withoutPassword(text))
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return "", "", fmt.Errorf("%q: an endpoint is a whole host, with all paths of it: write %s alone", withoutPassword(text), u.Host)
	case kind != "tcp" && u.Port() != "" && u.Port() != usualPorts[kind]:
		return "", "", fmt.Errorf("%q: the port is the relay's to choose; leave it out", withoutPassword(text))
	}
	return scheme, u.Hostname(), nil
}
