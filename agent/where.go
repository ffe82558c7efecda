package agent

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// parseUpstream reads where a local service is. It looks at nothing but the text.
func parseUpstream(s string) (*upstream, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		return unixUpstream(s, path)
	}
	if path, ok := strings.CutPrefix(s, "file://"); ok {
		return fileUpstream(s, path)
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("upstream %q: want http://HOST:PORT, https://HOST:PORT, unix:/PATH or file:///DIRECTORY", withoutUser(s))
	}
	if (u.Path != "" && u.Path != "/") || u.RawQuery != "" || u.User != nil || u.Fragment != "" {
		return nil, fmt.Errorf("upstream %q: nothing may follow HOST:PORT", withoutUser(s))
	}
	usual := map[string]string{"http": "80", "https": "443"}[u.Scheme]
	port := u.Port()
	if port == "" {
		port = usual
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return nil, fmt.Errorf("upstream %q: %s is no port number", s, port)
	}
	return upstreamAt(u.Scheme, u.Hostname(), port, strings.TrimSuffix(u.Host, ":"+usual)), nil
}

func upstreamAt(kind, name, port, host string) *upstream {
	return &upstream{
		kind: kind, host: host, addr: net.JoinHostPort(name, port), name: name, port: port, localhost: strings.EqualFold(name, "localhost"),
	}
}

// unixUpstream is one at a unix socket: a path, or a name of Linux's own that begins with @.
func unixUpstream(s, path string) (*upstream, error) {
	path = strings.TrimPrefix(path, "//")
	if len(path) < 2 || path[0] != '/' && path[0] != '@' || strings.ContainsRune(path, 0) {
		return nil, fmt.Errorf("upstream %q: want the whole path of a socket, as in unix:/run/app.sock", s)
	}
	return &upstream{kind: "unix", host: "localhost", addr: path, name: "localhost"}, nil
}

// fileUpstream is a directory. Its path stands behind file:// as the system writes it, without escapes.
func fileUpstream(s, path string) (*upstream, error) {
	if drive := strings.TrimPrefix(path, "/"); runtime.GOOS == "windows" && filepath.VolumeName(drive) != "" {
		path = drive
	}
	if !filepath.IsAbs(path) {
		return nil, fmt.Errorf("upstream %q: want the whole path of a directory, as in file:///srv/www", s)
	}
	return &upstream{kind: "file", host: "localhost", addr: filepath.Clean(path), name: "localhost"}, nil
}

// equip gives u what e says of its service.
func (u *upstream) equip(e *Endpoint) (err error) {
	if u.kind != "https" && u.kind != "tls" && (e.VerifyUpstream || e.UpstreamCAs != "" || e.UpstreamCert != "" || e.UpstreamKey != "") {
		return fmt.Errorf("upstream %q: certificates mean something only to an https:// or tls:// upstream", e.Upstream)
	}
	switch {
	case e.UpstreamProtocol != "" && e.UpstreamProtocol != "http1" && e.UpstreamProtocol != "http2":
		return fmt.Errorf("the upstream protocol %q is not known; want http1 or http2", e.UpstreamProtocol)
	case e.ProxyProtocol < 0 || e.ProxyProtocol > 2:
		return fmt.Errorf("there is no version %d of the PROXY protocol; want 1 or 2", e.ProxyProtocol)
	case u.kind == "file":
		return u.equipFolder(e)
	case u.kind == "https", u.kind == "tls":
		if u.secure, err = e.upstreamTLS(u.name); err != nil {
			return err
		}
	}
	u.proxy = e.ProxyProtocol
	if e.UpstreamProtocol == "http2" {
		u.inside = newForwarding(u)
	}
	return nil
}

func (u *upstream) equipFolder(e *Endpoint) error {
	if e.ProxyProtocol != 0 || e.UpstreamProtocol == "http2" {
		return fmt.Errorf("upstream %q: files are served by adit itself, without HTTP/2 or the PROXY protocol in between", e.Upstream)
	}
	info, err := os.Stat(u.addr)
	if err == nil && !info.IsDir() {
		err = errors.New("it is no directory")
	}
	if err != nil {
		return fmt.Errorf("upstream %q: %w", e.Upstream, err)
	}
	u.inside = newInside(u.addr, &folder{u.addr})
	return nil
}
