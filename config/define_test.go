package config

import (
	"errors"
	"strconv"
	"strings"
	"testing"
)

// TestDefine: definitions as client libraries send them.
func TestDefine(t *testing.T) {
	for name, x := range map[string]struct{ kind, name, json, want string }{
		"pyngrok":          {TunnelKind, "", `{"name":"http-80-7f3b","addr":"80","proto":"http"}`, "http-80-7f3b http://localhost:80"},
		"npm ngrok":        {TunnelKind, "", `{"name":"4c1e","addr":8080,"proto":"http","port":8080,"configPath":"/x","authtoken":"t","region":"us"}`, "4c1e http://localhost:8080 notices 4"},
		"path before body": {TunnelKind, "web", `{"name":"other","addr":80}`, "web http://localhost:80"},
		"flat keys":        {TunnelKind, "a", `{"addr":80,"ip_restriction.allow_cidrs":["10.0.0.1"]}`, `a http://localhost:80 {"on_tcp_connect":[{"actions":[{"type":"restrict-ips","config":{"allow":["10.0.0.1"],"enforce":true}}]}]}`},
		"old words":        {TunnelKind, "a", `{"addr":80,"auth":"jane:correct-horse","bind_tls":"both"}`, `a http://localhost:80 {"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["jane:correct-horse"],"realm":"adit"}}]}]}`},
		"null and empty":   {TunnelKind, "a", `{"addr":80,"subdomain":null,"hostname":"","oauth":{},"request_header.add":[]}`, "a http://localhost:80"},
		"endpoint":         {EndpointKind, "", `{"name":"e","url":"https://x.example.com","upstream":{"url":"http://localhost:80"},"pooling_enabled":false}`, "e http://localhost:80 host x.example.com"},
		"surrogates":       {EndpointKind, "e", `{"upstream":{"url":"80"},"metadata":"\ud83d\ude00\u2028"}`, "e http://localhost:80 metadata \U0001F600\u2028"},
		"later":            {TunnelKind, "a", `{"addr":80,"oauth.provider":"google"}`, "a http://localhost:80 not yet oauth.provider"},
		"later deep":       {TunnelKind, "a", `{"addr":80,"verify_webhook":{"provider":"github","secret":"s"}}`, "a http://localhost:80 not yet verify_webhook.provider not yet verify_webhook.secret"},
		"tcp with a port":  {TunnelKind, "a", `{"addr":22,"domain":"x.example.com:9022","proto":"tcp"}`, "a tcp://localhost:22 host x.example.com port 9022"},
		"tcp":              {TunnelKind, "a", `{"addr":22,"proto":"tcp"}`, "a tcp://localhost:22"},

		"tcp of this port": {EndpointKind, "a", `{"url":"tcp://:9022","upstream":{"url":"db.local:5432"}}`, "a tcp://db.local:5432 port 9022"},
		"tls":              {EndpointKind, "a", `{"url":"tls://db.example.com","upstream":{"url":"tls://localhost:5432"}}`, "a tls://localhost:5432 host db.example.com ends at upstream"},
		"tls at the agent": {EndpointKind, "a", `{"url":"tls://db.example.com","upstream":{"url":5432},"agent_tls_termination":{"server_certificate":"a.crt","server_private_key":"a.key","mutual_tls_certificate_authorities":["ca.pem","cb.pem"]}}`, "a tcp://localhost:5432 host db.example.com ends at agent with a.crt a.key ca.pem cb.pem"},
		"tls at the edge":  {TunnelKind, "a", `{"addr":5432,"proto":"tls","terminate_at":"edge","mutual_tls_cas":"ca.pem"}`, "a tcp://localhost:5432 ends at edge with ca.pem"},
		"no port":          {TunnelKind, "a", `{"addr":"db.local","proto":"tcp"}`, `api: addr: "db.local": a port is missing behind the host`},
		"a web service":    {TunnelKind, "a", `{"addr":"http://db.local","proto":"tcp"}`, `api: addr: "http://db.local": the service of a tcp or tls endpoint is named by a port, HOST:PORT, tcp://HOST:PORT or tls://HOST:PORT`},
		"a wrong port":     {TunnelKind, "a", `{"addr":22,"proto":"tcp","remote_addr":"a.example.com:0"}`, `api: remote_addr: "a.example.com:0": 0 is no port number; they go from 1 to 65535`},
		"of requests":      {TunnelKind, "a", `{"addr":22,"proto":"tcp","host_header":"x"}`, `api: host_header: this means something only to http endpoints, and this is one of tcp`},
		"half of a pair":   {TunnelKind, "a", `{"addr":22,"proto":"tls","crt":"a.crt"}`, `api: crt: the certificate's key is missing: key`},
		"nobody's":         {TunnelKind, "a", `{"addr":22,"proto":"tls","mutual_tls_cas":"a.pem"}`, `api: mutual_tls_cas: who asks visitors for certificates ends their TLS: say that it ends at the agent or the edge (terminate_at)`},
		"no tls at all":    {TunnelKind, "a", `{"addr":80,"terminate_at":"agent","crt":"a.crt","key":"a.key"}`, "api: crt: this means something only to tls endpoints, and this is one of http"},
		"unverifiable":     {TunnelKind, "a", `{"addr":"tcp://localhost:22","proto":"tls","terminate_at":"edge","verify_upstream_tls":true}`, `api: verify_upstream_tls: certificates mean something only to a service that speaks TLS, as tls://HOST:PORT; tcp://localhost:22 is of kind tcp`},
		"the visitor's":    {TunnelKind, "a", `{"addr":"tls://localhost:22","proto":"tls","verify_upstream_tls":true}`, "api: verify_upstream_tls: the service gets the visitor's own TLS, in which adit has no part: this is for TLS that ends at the agent or the edge (terminate_at)"},
		"of the service":   {TunnelKind, "a", `{"addr":"tls://localhost:22","proto":"tls","terminate_at":"edge","upstream_client_crt":"a.crt"}`, `api: upstream_client_crt: the certificate's key is missing: upstream_client_key`},
		"of the other end": {TunnelKind, "a", `{"addr":22,"proto":"tls","terminate_at":"edge","crt":"a.crt"}`, `api: crt: certificate and key are for TLS that ends at the agent, not at the edge`},

		"all empty":   {TunnelKind, "a", `{"addr":80,"subdomain":"","hostname":"","auth":"","basic_auth":null,"basicAuth":null}`, "a http://localhost:80 notices 1"},
		"bag of expo": {TunnelKind, "a", `{"addr":80,"authtoken":"t","configPath":"/x","binPath":null,"port":80,"region":"us","hostname":null,"crt":null,"onLogEvent":{}}`, "a http://localhost:80 notices 6"},

		"another spelling": {TunnelKind, "a", `{"addr":80,"basicAuth":["jane:correct-horse"]}`, `api: basicAuth: is not known, and too much like "basic_auth" to be left out`},
		"of an SDK":        {TunnelKind, "a", `{"addr":80,"ip_restriction_allow_cidrs":["10.0.0.1"]}`, `api: ip_restriction_allow_cidrs: is not known, and too much like "ip_restriction.allow_cidrs" to be left out`},
		"of an SDK, later": {EndpointKind, "a", `{"upstream":{"url":80},"oauth_provider":"google"}`, `api: oauth_provider: is not known, and too much like "oauth.provider" to be left out`},
		"of version 2":     {EndpointKind, "a", `{"upstream":{"url":80},"user_agent_filter":{"deny":["x"]}}`, `api: user_agent_filter: is not known, and too much like "user_agent_filter.allow" to be left out`},
		"of a flag":        {TunnelKind, "a", `{"addr":80,"cidr_allow":["10.0.0.1"]}`, `api: cidr_allow: is not known, and too much like "ip_restriction.allow_cidrs" to be left out`},
		"below a gate":     {TunnelKind, "a", `{"addr":80,"ip_restriction":{"allow_cidr":["10.0.0.1"]}}`, `api: ip_restriction.allow_cidr: is not known (did you mean "allow_cidrs"?)`},
		"below, flat":      {TunnelKind, "a", `{"addr":80,"ip_restriction.allow":["10.0.0.1"]}`, `api: ip_restriction.allow: is not known`},
		"addr is true":     {TunnelKind, "a", `{"addr":true}`, "api: addr: true is no address: give a port, HOST:PORT or http://HOST:PORT"},
		"addr is a half":   {EndpointKind, "a", `{"upstream":{"url":80.5}}`, "api: upstream.url: 80.5 is no address: give a port, HOST:PORT or http://HOST:PORT"},
		"an empty gate":    {TunnelKind, "a", `{"addr":80,"basic_auth":[""]}`, "api: basic_auth: an element of the list is empty"},
		"no addr":          {TunnelKind, "a", `{"proto":"http"}`, `api: the endpoint "a" does not say where its service is: add "addr: 8080"`},
		"no name":          {TunnelKind, "", `{"addr":80}`, "api: name: an endpoint needs a name"},
		"udp":              {TunnelKind, "a", `{"addr":80,"proto":"udp"}`, `api: proto: "udp" is none of http, tcp, tls`},
		"list for text":    {TunnelKind, "a", `{"addr":[80]}`, "api: addr: must be one value"},
		"not JSON":         {TunnelKind, "a", `addr: 80`, "api: the definition is no JSON object"},
		"null":             {TunnelKind, "a", `null`, "api: the definition is no JSON object"},
		"short password":   {TunnelKind, "a", `{"addr":80,"auth":"jane:short"}`, "api: auth: a password has 8 to 128 characters, not 5"},
		"letters of two":   {TunnelKind, "a", `{"addr":80,"auth":"jane:` + strings.Repeat("ü", 128) + `"}`, `a http://localhost:80 {"on_http_request":[{"actions":[{"type":"basic-auth","config":{"credentials":["jane:` + strings.Repeat("ü", 128) + `"],"realm":"adit"}}]}]}`},
		"no references":    {TunnelKind, "a", `{"addr":80,"auth":"cmd:whoami"}`, "api: auth: a password has 8 to 128 characters, not 6"},
		"upstream as text": {EndpointKind, "a", `{"upstream":"80"}`, "api: upstream: must hold keys and values (client_crt, client_key, protocol, proxy_protocol, tls_verify, tls_verify_cas, url)"},
	} {
		t.Run(name, func(t *testing.T) {
			e, notices, err := Define(x.kind, x.name, []byte(x.json))
			if got := defined(e, notices, err); got != x.want {
				t.Errorf("\n got %s\nwant %s", got, x.want)
			}
			var wrong *KeyError
			if err != nil && !errors.As(err, &wrong) {
				t.Errorf("%T is no *KeyError", err)
			}
		})
	}
}

func defined(e Endpoint, notices []string, err error) string {
	if err != nil {
		return err.Error()
	}
	out := e.Name + " " + e.Address
	for _, p := range [][2]string{{" host ", e.Host}, {" ", e.Policy()}, {" metadata ", e.Metadata}} {
		if p[1] != "" {
			out += p[0] + p[1]
		}
	}
	if e.Port != 0 {
		out += " port " + strconv.Itoa(e.Port)
	}
	if e.TerminateAt != "" {
		out += " ends at " + e.TerminateAt
	}
	if files := strings.Fields(e.Certificate + " " + e.Key + " " + strings.Join(e.ClientCAs, " ")); len(files) > 0 {
		out += " with " + strings.Join(files, " ")
	}
	for _, n := range e.NotYet {
		out += " not yet " + n.Key
	}
	if len(notices) > 0 {
		out += " notices " + string(rune('0'+strings.Count(notices[0], ",")+1))
	}
	return out
}

func FuzzDefine(f *testing.F) {
	f.Add([]byte(`{"addr":80,"oauth":{"provider":"x"},"request_header.add":["a: b"]}`))
	f.Add([]byte(`{"upstream":{"url":"80"},"traffic_policy":{"a":[{}]},"<<":{"addr":1}}`))
	f.Add([]byte(`{"addr":"\ud800","name":"\u0000","*x":"&y","!!merge":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, kind := range []string{TunnelKind, EndpointKind} {
			e, _, err := Define(kind, "n", data)
			if err == nil && len(e.NotYet) == 0 && e.Address == "" {
				t.Errorf("%s %q: neither an address nor a reason", kind, data)
			}
		}
	})
}
