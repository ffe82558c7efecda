package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"strings"

	"github.com/adit-tunnel/adit/relay/registry"
)

// maxBody bounds what the API reads.
const maxBody = 64 << 10

// guard stands before the API. That the listener is on loopback keeps no page in a browser of this machine away, nor another user of it, so:
//
//   - every request shows the admin token, which only the relay's owner can read. A page cannot send it elsewhere without asking first, and the question
//     (OPTIONS) is refused;
//   - the Host is an address, localhost, or the name that the listener was given: a name that was made to resolve to this machine is none of these;
//   - what changes something is declared as JSON, and is short.
type guard struct {
	token [sha256.Size]byte
	name  string // of the listener
	log   *slog.Logger
	next  http.Handler
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	changes := r.Method != http.MethodGet && r.Method != http.MethodHead
	switch {
	case !g.allowed(r.Host):
		write(w, http.StatusForbidden, problem{"the host is not allowed: use the listener's address"})
	case !g.authorized(r):
		h.Set("WWW-Authenticate", "Bearer")
		write(w, http.StatusUnauthorized, problem{"the admin token is missing or wrong: it is in the file admin.token of the relay's state directory"})
	case changes && r.Method != http.MethodDelete && !isJSON(r):
		write(w, http.StatusUnsupportedMediaType, problem{"the content must be application/json"})
	default:
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		seen := &statusWriter{ResponseWriter: w}
		g.next.ServeHTTP(seen, r)
		if changes && seen.status < 300 {
			g.log.Info("changed over the admin API", "method", r.Method, "path", r.URL.Path, "remote", r.RemoteAddr)
		}
	}
}

// statusWriter remembers the status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// authorized compares hashes, in constant time.
func (g *guard) authorized(r *http.Request) bool {
	fields := r.Header.Values("Authorization")
	if len(fields) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(fields[0], " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	return strings.EqualFold(scheme, "bearer") && subtle.ConstantTimeCompare(hash[:], g.token[:]) == 1
}

func (g *guard) allowed(hostport string) bool {
	name, _, ok := registry.CanonicalHost(nil, []byte(hostport))
	host := string(name)
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); ok && err == nil {
		return true
	}
	return ok && (host == "localhost" || host == g.name)
}

func isJSON(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "application/json"
}
