package relay

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// publicPlaces gives endpoints names: under the relay's domain to whoever may choose, elsewhere to those whose domain it is.
type publicPlaces struct {
	domain   string
	key      []byte
	urls     urls
	owner    func(host string) (account string, err error) // reserved names
	resolver resolver
	ports    *publicPorts // of tcp endpoints; nil: there are none
	tls      *publicURL   // of tls endpoints; nil: the relay does not listen for TLS

	certificate func(host string) error // why there can be none for a host; asked where TLS ends at the relay
}

var _ session.Namer = (*publicPlaces)(nil)

// Place implements session.Namer.
func (p *publicPlaces) Place(ctx context.Context, e *registry.Endpoint, w session.Wish) (release func(), err error) {
	needsTLS := e.Protocol == wire.ProtocolTLS || e.ClientCAs != nil
	switch {
	case e.Protocol == wire.ProtocolTCP:
		return p.ports.place(ctx, e, w)
	case needsTLS && p.tls == nil:
		return nil, unsupported("this relay does not listen for visitors' TLS: its owner makes it with --https")
	}
	if err := p.name(ctx, e, w); err != nil {
		return nil, err
	}
	if e.Protocol == wire.ProtocolTLS {
		e.URL = p.tls.of(e.Host)
		return func() {}, nil
	}
	var ok bool
	if e.URL, e.Aliases, ok = p.urls.of(e.Host, e.Schemes); !ok {
		return nil, unsupported("this relay does not serve " + strings.Join(e.Schemes, " or "))
	}
	return func() {}, nil
}

// certified refuses a host with which e would be online while every visitor's handshake fails. One without a wish for schemes has an https URL, too.
func (p *publicPlaces) certified(e *registry.Endpoint, host string) error {
	var without string // a way that needs no certificate
	switch {
	case e.ClientCAs != nil && e.Protocol != wire.ProtocolTLS:
	case e.Protocol == wire.ProtocolTLS && e.Terminate:
		without = "; end TLS at the agent, with --crt and --key, to do without"
	case e.Protocol != wire.ProtocolTLS && p.urls.endsTLS(e.Schemes):
		without = "; --scheme http does without"
	default:
		return nil
	}
	if err := p.certificate(host); err != nil {
		return unsupported(err.Error() + without)
	}
	return nil
}

// name gives e the wanted host, if the account may have it, else a name derived from who asks. A label alone is one under the domain, which the agent need not
// know. A wildcard is a host, too. A wanted port means nothing here.
func (p *publicPlaces) name(ctx context.Context, e *registry.Endpoint, w session.Wish) error {
	host := endpointName(p.key, e.Account, e.Instance, e.Name) + "." + p.domain
	if w.Host != "" {
		wanted, err := p.wanted(w.Host)
		if err != nil {
			return err
		}
		if wanted != host { // not the one that is its own anyway
			if err := p.certified(e, wanted); err != nil { // before somebody is told to change his DNS for nothing
				return err
			}
			if e.Owned, err = p.may(ctx, wanted, w.Grant); err != nil {
				return err
			}
			host = wanted
		}
	}
	if !w.Grant.Scopes.AllowsName(host, p.domain) {
		return &registry.Error{Code: wire.CodeNameScope, Text: fmt.Sprintf("the token is not for the name %s, but for %s", host, strings.Join(w.Grant.Scopes.Names, ", "))}
	}
	e.Host, e.Port, e.Aliases = host, 0, nil
	return nil
}

// wanted is the one spelling of a host that an agent asks for.
func (p *publicPlaces) wanted(host string) (string, error) {
	bad := func(why string) (string, error) {
		return "", &registry.Error{Code: wire.CodeBadName, Text: fmt.Sprintf("%q %s: this relay serves NAME.%s, and domains of an account's own", host, why, p.domain)}
	}
	name, ok := registry.CanonicalPattern(host)
	if !ok {
		return bad("is not a host name")
	}
	below := strings.TrimPrefix(name, "*.")
	if !strings.Contains(below, ".") {
		below, name = below+"."+p.domain, name+"."+p.domain
	}
	label, under := strings.CutSuffix(below, "."+p.domain)
	switch {
	case under && strings.ContainsAny(label, "_["):
		return bad("is not made of labels of letters, digits and hyphens under its domain")
	case name == p.domain, below != p.domain && !under && !isDomain(below):
		return bad("is not a name that can be served")
	}
	return name, nil
}

// isDomain says that a canonical host of several labels may be a domain of somebody's own, and is no address.
func isDomain(name string) bool {
	last := name[strings.LastIndexByte(name, '.')+1:]
	return !strings.ContainsAny(name, "_[") && strings.Trim(last, "0123456789") != ""
}

// may says whether the account may have a host. owned: nobody else may, whoever had it before.
func (p *publicPlaces) may(ctx context.Context, host string, g control.Grant) (owned bool, err error) {
	below := strings.TrimPrefix(host, "*.")
	reserved, owner, err := p.reservation(host)
	switch {
	case err != nil:
		return false, &registry.Error{Code: wire.CodeRelayBusy, Text: "the relay cannot look reserved names up at the moment"}
	case owner == g.Account && owner != "":
		return true, nil
	case owner != "":
		return false, &registry.Error{Code: wire.CodeNameTaken, Text: reserved + " is reserved for another account"}
	case below == p.domain:
		return false, &registry.Error{Code: wire.CodeBadName, Text: host + " is every name of this relay: only the account it is reserved for may have it"}
	case p.shared(below) && g.Limits.RandomOnly:
		return false, &registry.Error{Code: wire.CodeRandomOnly, Text: fmt.Sprintf("the plan %q has no names of its own choice, such as %s", g.Plan, host)}
	case p.shared(below):
		return false, nil
	}
	err = p.resolver.proves(ctx, below, g.Proof)
	var no *registry.Error
	if errors.As(err, &no) && no.Code == wire.CodeDomainUnproven { // app.team may be meant to be one of them
		no.Text += "; this relay's own names end in ." + p.domain
	}
	return true, err
}

// shared says that a host is one of those under the relay's domain, which all accounts share.
func (p *publicPlaces) shared(host string) bool { return strings.HasSuffix(host, "."+p.domain) }

// reservation finds for whom a host is reserved, and by which name: its own, a wildcard's over it, or, under the relay's domain, a name's above it. The narrowest
// counts.
func (p *publicPlaces) reservation(host string) (name, account string, err error) {
	below := strings.TrimPrefix(host, "*.")
	names := []string{host}
	for name := below; name != p.domain; {
		if name != host && p.shared(below) {
			names = append(names, name)
		}
		var more bool
		if _, name, more = strings.Cut(name, "."); !more || name == p.domain {
			break
		}
		names = append(names, "*."+name)
	}
	for _, name := range names {
		if account, err = p.owner(name); err != nil || account != "" {
			return name, account, err
		}
	}
	return "", "", nil
}
