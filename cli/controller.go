package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/wire"
)

// controller is what faces may change: the agent, with endpoints as the local API words them.
type controller struct {
	agent   *agent.Agent
	notices func(text string) // takes what is noteworthy about a definition
	own     bool              // nobody but this process's user speaks through it
	made    *sync.Map         // holds the names of those that were started here
}

var _ inspect.Controller = controller{}

// Reconnect is the agent's.
func (c controller) Reconnect() { c.agent.Reconnect() }

// Start reads the definition as the configuration file's are read, and binds the endpoint.
func (c controller) Start(ctx context.Context, d inspect.Definition) (inspect.Endpoint, error) {
	e, err := c.define(d)
	if err != nil {
		return inspect.Endpoint{}, err
	}
	if c.agent.Status().State != inspect.Online {
		return inspect.Endpoint{}, inspect.ErrNoSession
	}
	start := c.agent.Start
	if d.Replace {
		start = c.agent.Replace
	}
	if _, err := start(ctx, e); err != nil {
		return inspect.Endpoint{}, c.why(err)
	}
	c.made.Store(e.Name, true)
	for _, bound := range c.agent.Status().Endpoints {
		if bound.Name == e.Name {
			return bound, nil
		}
	}
	return inspect.Endpoint{}, fmt.Errorf("%w named %q any more", inspect.ErrNoEndpoint, e.Name)
}

// define reads d as a file is read. What is worth knowing about it goes to the log: the keys that mean nothing, by name. References to secrets are taken as they
// stand: who may speak to the local API may not run commands or read files by it.
func (c controller) define(d inspect.Definition) (agent.Endpoint, error) {
	e, notices, err := config.Define(string(d.Kind), d.Name, d.JSON)
	var wrong *config.KeyError
	switch {
	case errors.As(err, &wrong):
		return agent.Endpoint{}, &inspect.DefinitionError{Key: wrong.Key, Text: wrong.Text}
	case err != nil:
		return agent.Endpoint{}, &inspect.DefinitionError{Text: err.Error()}
	case len(e.NotYet) > 0:
		return agent.Endpoint{}, &inspect.DefinitionError{
			Key: e.NotYet[0].Key, Text: fmt.Sprintf("is not yet offered by this version (%s)", wire.CodeUnsupported),
		}
	}
	if err := withoutFiles(&e); err != nil && !c.own {
		return agent.Endpoint{}, err
	}
	for _, n := range notices {
		c.notices(fmt.Sprintf("endpoint %q: %s", e.Name, n))
	}
	return agentEndpoint(&e), nil
}

// withoutFiles refuses an endpoint that would open what only this user may: on a machine with others, they may speak to a local API without password, too.
func withoutFiles(e *config.Endpoint) error {
	refuse := func(key, what string) error {
		return &inspect.DefinitionError{Key: key, Text: what + " cannot be asked for at a local API without a password, since others may reach it: set web_password, write the endpoint in adit's configuration file, or start it with adit http"}
	}
	switch {
	case strings.HasPrefix(e.Address, "file:"):
		return refuse("upstream", "the files of a directory")
	case strings.HasPrefix(e.Address, "unix:"):
		return refuse("upstream", "a unix socket")
	case e.UpstreamCAs != "" || e.UpstreamCert != "" || e.UpstreamKey != "" || e.Certificate != "" || e.Key != "" || len(e.ClientCAs) > 0:
		return refuse("", "a certificate file")
	}
	return nil
}

// Stop gives the endpoint back. The agent refuses from then on what still comes for it.
func (c controller) Stop(_ context.Context, name string) error {
	c.made.Delete(name)
	return c.agent.Remove(name)
}

// why is err as faces know it.
func (c controller) why(err error) error {
	var refused *agent.RefusedError
	switch {
	case errors.As(err, &refused):
		return &refused.Failure
	case errors.Is(err, context.DeadlineExceeded) && c.agent.Status().State != inspect.Online:
		return inspect.ErrNoSession // it was lost in the meantime
	}
	return err
}
