package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/wire"
)

// agentEndpoint is what the agent is to bind for e.
func agentEndpoint(e *config.Endpoint) agent.Endpoint {
	return agent.Endpoint{
		Name: e.Name, Upstream: e.Address, Host: e.Host, HostHeader: e.HostHeader, Inspect: e.Inspect,
		Policy: e.Policy(), Metadata: e.Metadata, Description: e.Description, Schemes: e.Schemes,
		UpstreamProtocol: e.UpstreamProtocol, ProxyProtocol: e.ProxyProtocol,
		VerifyUpstream: e.VerifyUpstream, UpstreamCAs: e.UpstreamCAs, UpstreamCert: e.UpstreamCert, UpstreamKey: e.UpstreamKey,
		Protocol: e.Protocol, Port: e.Port, TerminateAt: e.TerminateAt, Certificate: e.Certificate, Key: e.Key, ClientCAs: e.ClientCAs,
	}
}

// resolved is agentEndpoint with secrets in place of references.
func (a *app) resolved(e *config.Endpoint) (agent.Endpoint, error) {
	if err := e.Resolve(context.Background(), a.secretOptions()); err != nil {
		return agent.Endpoint{}, &exitError{exitUsage, err}
	}
	return agentEndpoint(e), nil
}

// secretOptions is what references to secrets are looked up with.
func (a *app) secretOptions() config.SecretOptions {
	return config.SecretOptions{Env: a.env, Stdin: a.In, Stderr: a.Err, Warn: a.warn}
}

// notYet refuses an endpoint that uses what comes later; nil when it uses nothing of the kind.
func notYet(e *config.Endpoint) error { return later(fmt.Sprintf("endpoint %q: ", e.Name), e.NotYet) }

func later(what string, keys []config.NotYet) error {
	var all []error
	for _, n := range keys {
		all = append(all, usage("%s%s (%s) is not yet offered by this version (%s)", what, n.Key, n.Where, wire.CodeUnsupported))
	}
	return errors.Join(all...)
}
