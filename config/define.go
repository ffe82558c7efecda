package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The shapes of a definition at the local API.
const (
	TunnelKind   = "tunnel"   // as in version 2: proto, addr, …
	EndpointKind = "endpoint" // as in version 3: url, upstream, …
)

// mostNamed is how many unknown keys a notice names.
const mostNamed = 30

// Define reads an endpoint that somebody described at the local API in JSON. name is the one in the request's path; "" takes the
// definition's own. Unknown keys are notices, because clients send all that they have; a wrong value is a *KeyError.
func Define(kind, name string, definition []byte) (Endpoint, []string, error) {
	node, err := nodeOfJSON(definition)
	if err != nil {
		return Endpoint{}, nil, err
	}
	r := &reader{lenient: true}
	s := endpointV3
	if kind == TunnelKind {
		s = tunnelAPI
	}
	d := draft{where: "api", tunnel: kind == TunnelKind, values: r.object(node, s, "")}
	if d.takeName(); name != "" {
		d.name = name
	}
	if d.name == "" {
		r.add("api", "name", "an endpoint needs a name")
	}
	e := d.endpoint(&r.mistakes)
	if len(r.mistakes) > 0 {
		return Endpoint{}, nil, r.mistakes[0]
	}
	return e, r.notices(), nil
}

// tunnelAPI is version 2's shape with the name, which stands in front of a tunnel in a file.
var tunnelAPI = func() shape {
	s := newShape(OfEndpoint, inV2)
	s["name"] = Lookup(OfEndpoint, "name")
	return s
}()

func (r *reader) notices() []string {
	if len(r.unknown) == 0 {
		return nil
	}
	slices.Sort(r.unknown)
	more := ""
	if n := len(r.unknown) - mostNamed; n > 0 {
		r.unknown, more = r.unknown[:mostNamed], fmt.Sprintf(", and %d more", n)
	}
	return []string{"these keys mean nothing to adit: " + strings.Join(r.unknown, ", ") + more}
}

// nodeOfJSON parses an object of JSON into the nodes that files are read by. Going through encoding/json settles what JSON and YAML read
// differently, such as escaped surrogates.
func nodeOfJSON(text []byte) (*yaml.Node, error) {
	bad := func(format string, a ...any) (*yaml.Node, error) {
		return nil, &KeyError{"api", "", fmt.Sprintf(format, a...)}
	}
	if len(text) > maxFile {
		return bad("the definition has more than %d bytes", maxFile)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil || object == nil {
		return bad("the definition is no JSON object")
	}
	again, err := json.Marshal(object)
	if err != nil {
		return bad("the definition cannot be read: %v", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(again, &doc); err != nil {
		_, text := yamlMistake(again, err)
		return bad("the definition cannot be read: %s", text)
	}
	return plain(doc.Content[0]), nil
}
