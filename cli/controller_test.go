package cli

import (
	"errors"
	"testing"

	"github.com/adit-tunnel/adit/inspect"
)

// TestDefinitionsOfOthers: who may speak to a local API without a password, which others on the machine can, gets nothing opened that only this user may.
func TestDefinitionsOfOthers(t *testing.T) {
	for name, text := range map[string]string{
		"directory":   `{"url":"http://a","upstream":{"url":"file:///srv"}}`,
		"socket":      `{"url":"http://a","upstream":{"url":"unix:/run/a.sock"}}`,
		"roots":       `{"url":"http://a","upstream":{"url":"https://localhost","tls_verify_cas":"/a.pem"}}`,
		"client":      `{"url":"http://a","upstream":{"url":"https://localhost","client_crt":"/a.crt","client_key":"/a.key"}}`,
		"certificate": `{"url":"tls://a.test","upstream":{"url":1},"agent_tls_termination":{"server_certificate":"/a.crt","server_private_key":"/a.key"}}`,
		"authorities": `{"url":"tls://a.test","upstream":{"url":1},"terminate_at":"edge","mutual_tls_cas":"/a.pem"}`,
		"for http":    `{"url":"http://a","upstream":{"url":1},"mutual_tls_cas":"/a.pem"}`,
	} {
		d := inspect.Definition{Kind: inspect.EndpointDefinition, Name: "a", JSON: []byte(text)}
		c := controller{notices: func(string) {}}
		var refused *inspect.DefinitionError
		if _, err := c.define(d); !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
		c.own = true
		if _, err := c.define(d); err != nil {
			t.Errorf("%s, asked for by the user: %v", name, err)
		}
	}
}
