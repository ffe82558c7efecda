package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// localFiles is how many listeners an endpoint has: one for each family.
const localFiles = 2

// portTries is how often a port that is free on 127.0.0.1 may turn out to be taken on [::1].
const portTries = 16

// localPlaces gives each endpoint of an embedded relay a port of its own on this machine, on both families, because "localhost" means one to
// some programs and the other to others.
type localPlaces struct {
	serve  func(ctx context.Context, ln net.Listener, port int) error // edge's
	run    func(func())
	failed chan<- error // a port's listener ended by itself; never blocks
	files  *portFiles

	mu      sync.Mutex
	held    map[owner]*localPort
	serving sync.WaitGroup
}

// owner is who a port belongs to: when an agent comes back while its old session still stands, the new one takes the port over.
type owner struct{ account, instance, name string }

type localPort struct {
	port      int
	listeners []net.Listener
	cancel    context.CancelFunc
	holders   int
}

var _ session.Namer = (*localPlaces)(nil)

func newLocalPlaces(serve func(context.Context, net.Listener, int) error, run func(func()), failed chan<- error, files *portFiles) *localPlaces {
	return &localPlaces{serve: serve, run: run, failed: failed, files: files, held: map[owner]*localPort{}}
}

// Place implements session.Namer: the wanted port if it is free, else another one, but for tcp and tls endpoints.
func (p *localPlaces) Place(_ context.Context, e *registry.Endpoint, w session.Wish) (release func(), err error) {
	if err := withoutTLS(e); err != nil {
		return nil, err
	}
	scheme := e.Protocol
	if e.Protocol != wire.ProtocolTCP && e.Protocol != wire.ProtocolTLS {
		scheme = "http"
	}
	if w.Host != "" && (scheme == "http" || w.Host != "localhost") {
		return nil, unsupported(fmt.Sprintf("the embedded relay cannot serve %q, only ports of this machine: use a public relay with --relay", w.Host))
	}
	o := owner{e.Account, e.Instance, e.Name}
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.held[o]
	if l == nil {
		if l, err = p.open(o.account, w.Port, scheme != "http"); err != nil {
			return nil, err
		}
		p.held[o] = l
	}
	l.holders++
	e.Host, e.Port = "localhost", l.port
	port := strconv.Itoa(l.port)
	e.URL, e.Aliases = scheme+"://localhost:"+port, nil
	if label := hostLabel(e.Name); label != "" && scheme == "http" {
		e.Aliases = []string{"http://" + label + ".localhost:" + port}
	}
	return sync.OnceFunc(func() { p.release(o, l) }), nil
}

// withoutTLS says why e cannot be served where no TLS ends.
func withoutTLS(e *registry.Endpoint) error {
	switch {
	case e.Terminate:
		return unsupported("the embedded relay has no certificates: end TLS at the agent with --crt and --key, or use a public relay with --relay")
	case e.ClientCAs != nil:
		return unsupported("the embedded relay ends no TLS, in which visitors could show certificates: use a public relay with --relay")
	case len(e.Schemes) > 0 && !slices.Contains(e.Schemes, "http"):
		return unsupported("the embedded relay serves http, and not " + strings.Join(e.Schemes, " or ") + ": use a public relay with --relay")
	}
	return nil
}

func unsupported(text string) error { return &registry.Error{Code: wire.CodeUnsupported, Text: text} }

// open opens the wanted port for an account. exactly: or none, because who uses it must be told of another one.
func (p *localPlaces) open(account string, port int, exactly bool) (*localPort, error) {
	if err := p.files.take(account, localFiles, 0, false); err != nil {
		return nil, err
	}
	listeners, err := listenLocal(port)
	if err != nil && port != 0 && !exactly {
		listeners, err = listenLocal(0)
	}
	if err != nil {
		p.files.give(account, localFiles)
		if busy := p.files.scarce(err); busy != nil {
			return nil, busy
		}
		return nil, &registry.Error{Code: wire.CodePortTaken, Text: err.Error()}
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &localPort{port: portOf(listeners[0]), listeners: listeners, cancel: cancel}
	for _, ln := range listeners {
		p.serving.Add(1)
		p.run(func() {
			defer p.serving.Done()
			if err := p.serve(ctx, ln, l.port); err != nil && ctx.Err() == nil {
				select {
				case p.failed <- fmt.Errorf("%s: %w", ln.Addr(), err):
				default:
				}
			}
		})
	}
	return l, nil
}

func (p *localPlaces) release(o owner, l *localPort) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.holders--; l.holders > 0 {
		return
	}
	delete(p.held, o)
	l.close()
	p.files.give(o.account, localFiles)
}

// close ends what is still open and waits for the goroutines that serve it.
func (p *localPlaces) close() {
	p.mu.Lock()
	for _, l := range p.held {
		l.close()
	}
	p.mu.Unlock()
	p.serving.Wait()
}

// close frees the port at once: it does not wait for serve to notice.
func (l *localPort) close() {
	l.cancel()
	for _, ln := range l.listeners {
		ln.Close()
	}
}

// listenLocal opens a port on 127.0.0.1 and, where there is IPv6, the same one on [::1]. Port 0 looks for one that is free on both.
func listenLocal(port int) ([]net.Listener, error) {
	probe, err := listen("tcp6", "[::1]:0")
	both := err == nil
	if both {
		probe.Close()
	}
	tries := 1
	if port == 0 {
		tries = portTries
	}
	for range tries {
		var v4, v6 net.Listener
		if v4, err = listen("tcp4", "127.0.0.1:"+strconv.Itoa(port)); err != nil {
			return nil, err
		}
		if !both {
			return []net.Listener{v4}, nil
		}
		if v6, err = listen("tcp6", "[::1]:"+strconv.Itoa(portOf(v4))); err == nil {
			return []net.Listener{v4, v6}, nil
		}
		err = errors.Join(err, v4.Close())
	}
	return nil, err
}

func portOf(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// hostLabel makes a DNS label of an endpoint's name ("command_line": "command-line"), or "" if nothing is left of it.
func hostLabel(name string) string {
	var b strings.Builder
	for _, c := range []byte(strings.ToLower(name)) {
		if c < 'a' || c > 'z' {
			if c < '0' || c > '9' {
				c = '-'
			}
		}
		if c == '-' && (b.Len() == 0 || strings.HasSuffix(b.String(), "-")) {
			continue
		}
		b.WriteByte(c)
	}
	s := b.String()
	return strings.TrimRight(s[:min(len(s), 63)], "-")
}
