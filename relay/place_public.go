package relay

import (
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// publicPlaces gives endpoints names under the relay's domain.
type publicPlaces struct {
	domain string
	key    []byte
	url    publicURL
}

var _ session.Namer = (*publicPlaces)(nil)

// Place implements session.Namer: the wanted host, if it is one label under the domain or such a label alone, else a name derived from who asks. A wanted port means
// nothing here.
func (p *publicPlaces) Place(e *registry.Endpoint, wantHost string, _ int) (release func(), err error) {
	label := endpointName(p.key, e.Account, e.Instance, e.Name)
	if wantHost != "" {
		if label, err = p.wanted(wantHost); err != nil {
			return nil, err
		}
	}
	e.Host, e.Port = label+"."+p.domain, 0
	e.URL = p.url.of(label)
	e.Aliases = nil
	return func() {}, nil
}

func (p *publicPlaces) wanted(host string) (label string, err error) {
	bad := func(why string) (string, error) {
		return "", &registry.Error{Code: wire.CodeBadName, Text: fmt.Sprintf("%q %s: this relay serves NAME.%s", host, why, p.domain)}
	}
	name, port, ok := registry.CanonicalHost(nil, []byte(host))
	if !ok || port != 0 {
		return bad("is not a host name")
	}
	if label = string(name); strings.Contains(label, ".") { // else a label alone: the agent need not know the domain
		if label, ok = strings.CutSuffix(label, "."+p.domain); !ok {
			return bad("is not under its domain")
		}
	}
	if strings.ContainsAny(label, "._[") {
		return bad("is not one label of letters, digits and hyphens under its domain")
	}
	return label, nil
}
