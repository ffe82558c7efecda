package cli

import (
	"encoding/json"
	"fmt"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/inspect"
)

// define stands here until config.Define does.
func (c controller) define(d inspect.Definition) (agent.Endpoint, error) {
	var v struct {
		Addr     any
		Upstream struct{ URL any }
		Hostname string
		Inspect  *bool
	}
	if err := json.Unmarshal(d.JSON, &v); err != nil {
		return agent.Endpoint{}, &inspect.DefinitionError{Text: err.Error()}
	}
	if d.Kind == inspect.EndpointDefinition {
		v.Addr = v.Upstream.URL
	}
	up, err := upstreamURL(fmt.Sprint(v.Addr))
	if err != nil {
		return agent.Endpoint{}, &inspect.DefinitionError{Key: "addr", Text: err.Error()}
	}
	return agent.Endpoint{Name: d.Name, Upstream: up, Host: v.Hostname, Inspect: v.Inspect == nil || *v.Inspect}, nil
}
