package policy

import (
	"slices"
	"strings"
)

// The types of action there are.
const (
	BasicAuth   = "basic-auth"
	RestrictIPs = "restrict-ips"
)

// kind is a type of action: where it may stand, and how its config is compiled. One that enforces nothing compiles to nil.
type kind struct {
	phases  []string
	compile func(config value, s scope) (action, error)
}

// kinds has the actions by their types.
var kinds = map[string]kind{
	BasicAuth:   {[]string{onRequest}, compileBasicAuth},
	RestrictIPs: {[]string{onConnect, onRequest}, compileRestrictIPs},
}

// later are the actions of ngrok's that are known and not yet here.
var later = []string{
	"add-headers", "ai-gateway", "circuit-breaker", "close-connection", "compress-response", "custom-response", "deny", "forward-internal", "http-request",
	"jwt-validation", "log", "oauth", "openid-connect", "owasp-crs-request", "owasp-crs-response", "rate-limit", "redirect", "remove-headers",
	"request-body-find-replace", "response-body-find-replace", "saml", "set-vars", "sse-find-replace", "terminate-tls", "url-rewrite", "verify-webhook",
}

// compileAction reads {type, config} and adds the action, if it enforces anything.
func compileAction(v value, s scope, to *[]action) error {
	typ, config, err := readAction(v)
	if err != nil {
		return err
	}
	v.where += " (" + quote(typ) + ")"
	k, ok := kinds[typ]
	switch {
	case slices.Contains(later, typ):
		return v.errorf("this action is not yet offered")
	case !ok:
		return v.errorf("no such action; there are basic-auth and restrict-ips")
	case !slices.Contains(k.phases, s.phase):
		return v.errorf("this action cannot stand in %s, only in %s", s.phase, strings.Join(k.phases, " and "))
	case config.node == nil:
		return v.errorf("the action has no config")
	}
	config.where = v.where
	a, err := k.compile(config, s)
	if err == nil && a != nil {
		*to = append(*to, a)
	}
	return err
}

func readAction(v value) (typ string, config value, err error) {
	err = v.each(func(key string, v value) (err error) {
		switch key {
		case "type":
			typ, err = v.text()
		case "config":
			config = v
		default:
			err = v.errorf("no such key; an action has type and config")
		}
		return err
	})
	if err == nil && typ == "" {
		err = v.errorf("the action has no type")
	}
	return typ, config, err
}
