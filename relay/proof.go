package relay

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

const (
	// proofLabel stands before a domain, at the name of the TXT record that proves whose it is.
	proofLabel = "_adit."

	// proofWithin is how long the DNS may take.
	proofWithin = 5 * time.Second
)

// resolver asks the DNS.
type resolver struct{ *net.Resolver }

// newResolver asks the server at addr, HOST:PORT; "": the system's.
func newResolver(addr string) resolver {
	if addr == "" {
		return resolver{net.DefaultResolver}
	}
	return resolver{&net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}}
}

// proves looks for the TXT record by which the owner of a domain says that the account may have it; nil: it is there. Errors are *registry.Error: when the DNS
// does not answer the agent may come again, when it says no there is no use.
func (r resolver) proves(ctx context.Context, host, proof string) error {
	name := proofLabel + host
	no := &registry.Error{Code: wire.CodeDomainUnproven, Text: fmt.Sprintf("%s is not reserved for the account, and no TXT record %s holds %q", host, name, proof)}
	if proof == "" {
		no.Text = host + " is not reserved for the account"
		return no
	}
	ctx, cancel := context.WithTimeout(ctx, proofWithin)
	defer cancel()
	records, err := r.LookupTXT(ctx, name+".") // the dot keeps the system's search list out
	var dns *net.DNSError
	switch {
	case err == nil && slices.ContainsFunc(records, func(text string) bool { return strings.TrimSpace(text) == proof }):
		return nil
	case err == nil, errors.As(err, &dns) && dns.IsNotFound:
		return no
	}
	return &registry.Error{Code: wire.CodeRelayBusy, Text: fmt.Sprintf("the TXT record %s cannot be looked up at the moment", name)}
}
