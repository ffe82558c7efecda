package session

import (
	"crypto/x509"
	"fmt"
	"slices"

	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// terms are what visitors must meet.
type terms struct {
	policy    *policy.Policy // nil: none
	clientCAs *x509.CertPool // nil: no certificate is asked for
}

// compile reads the terms that are asked for, if this relay can serve the rest.
func compile(b *wire.Bind) (t terms, err error) {
	if err := offered(b); err != nil {
		return t, err
	}
	if b.ClientCAs != "" {
		t.clientCAs = x509.NewCertPool()
		if !t.clientCAs.AppendCertsFromPEM([]byte(b.ClientCAs)) {
			return t, unsupported("there is no certificate (PEM) among the authorities for visitors' certificates")
		}
	}
	if b.Policy == "" {
		return t, nil
	}
	t.policy, err = policy.Compile(b.Policy)
	switch {
	case err != nil:
		return t, &registry.Error{Code: wire.CodeBadPolicy, Text: err.Error()}
	case b.Protocol != wire.ProtocolHTTP && t.policy.ForRequests():
		return t, &registry.Error{Code: wire.CodeBadPolicy, Text: fmt.Sprintf("a %s endpoint has no requests to run on_http_request on", b.Protocol)}
	}
	return t, nil
}

// offered says whether this relay can serve what is asked for, the terms apart: what it does not know it refuses, rather than leave it out.
func offered(b *wire.Bind) error {
	switch {
	case !slices.Contains([]string{wire.ProtocolHTTP, wire.ProtocolTCP, wire.ProtocolTLS}, b.Protocol):
		return unsupported("this relay serves http, tcp and tls endpoints, and none of %q", clip(b.Protocol))
	case b.How != wire.HowStart && b.How != wire.HowResume && b.How != wire.HowMove:
		return unsupported("this relay does not know how to bind by %q", clip(b.How))
	case len(b.Name) > maxName, len(b.Host) > maxName:
		return &registry.Error{Code: wire.CodeBadName, Text: fmt.Sprintf("a name has at most %d bytes", maxName)}
	case b.Pooling:
		return unsupported("this relay does not share an endpoint between agents")
	case b.Terminate && b.Protocol != wire.ProtocolTLS:
		return unsupported("only the TLS of a tls endpoint can end at the relay")
	case b.ClientCAs != "" && (b.Protocol == wire.ProtocolTCP || b.Protocol == wire.ProtocolTLS && !b.Terminate):
		return unsupported("the relay asks visitors for certificates only where it ends their TLS")
	case len(b.Schemes) > 0 && b.Protocol != wire.ProtocolHTTP:
		return unsupported("a %s endpoint has no schemes to choose from", b.Protocol)
	}
	for _, scheme := range b.Schemes {
		if scheme != "http" && scheme != "https" {
			return unsupported("the scheme %q is none of this relay's, which are http and https", clip(scheme))
		}
	}
	return nil
}

func unsupported(format string, a ...any) error {
	return &registry.Error{Code: wire.CodeUnsupported, Text: fmt.Sprintf(format, a...)}
}
