// Package policy is the traffic policy that guards an endpoint: rules, in order, that every request must pass before it goes on to the agent.
//
// Compile reads a policy once, when its endpoint is bound, and refuses what it does not know: a rule that is not understood must not be left out.
// Request runs it on one request. Rejecting is returning an error, a *Rejection; the edge turns that into an answer.
//
//	p, err := policy.Compile(`{"on_http_request": [{"actions": [{"type": "basic-auth", "config": {"credentials": ["ann:correct horse"]}}]}]}`)
//	…
//	err = p.Request(&policy.Facts{Client: addr, Request: head})
//
// The shape is ngrok's Traffic Policy, YAML or JSON. An action is one file here: basicauth.go, restrictips.go. docs/policy.md says what each does.
package policy

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/adit-tunnel/adit/http1"
)

// Policy is a compiled traffic policy. It is immutable and safe for concurrent use; a nil one lets everything pass. It keeps no password, only hashes.
type Policy struct {
	sum     [sha256.Size]byte // of the text
	connect []action          // of all rules of on_tcp_connect, in order
	request []action          // likewise of on_http_request
}

// Facts are what a policy may look at. They are borrowed: nothing of them is kept.
type Facts struct {
	Client  netip.Addr     // who asks: the peer, or whom a trusted proxy names. Never what a stranger's header says
	Request *http1.Request // the head as it came
}

// Rejection is why a request does not go on. It is shared by all requests that are rejected for the same reason: change nothing in it.
type Rejection struct {
	Action string // the type of the action that rejects: BasicAuth or RestrictIPs
	Reason string // for the endpoint's owner: what was wrong, and the rule that says so. It holds nothing of the request
	Header string // field lines that the answer must have, each with its CRLF; "": none
}

// Error gives the reason.
func (r *Rejection) Error() string { return r.Reason }

// action is one compiled action. judge returns nil to let the request pass.
type action interface{ judge(f *Facts) *Rejection }

// Request runs the rules of on_tcp_connect and then those of on_http_request, until one rejects: the error is a *Rejection, or nil. A connection is judged
// anew with each of its requests, because only a request's host tells which endpoint it is for.
func (p *Policy) Request(f *Facts) error {
	if p == nil {
		return nil
	}
	for _, phase := range [...][]action{p.connect, p.request} {
		for _, a := range phase {
			if r := a.judge(f); r != nil {
				return r
			}
		}
	}
	return nil
}

// Connect runs the rules of on_tcp_connect on a connection that is no HTTP; of f only Client counts.
func (p *Policy) Connect(f *Facts) error {
	if p == nil {
		return nil
	}
	for _, a := range p.connect {
		if r := a.judge(f); r != nil {
			return r
		}
	}
	return nil
}

// ForRequests says that there are rules that only requests can be held against.
func (p *Policy) ForRequests() bool { return p != nil && len(p.request) > 0 }

// Same says that p and o were compiled from the same text, or are both nil.
func (p *Policy) Same(o *Policy) bool {
	if p == nil || o == nil {
		return p == o
	}
	return p.sum == o.sum
}

// The phases that rules may be for.
const (
	onConnect = "on_tcp_connect"
	onRequest = "on_http_request"
)

// Compile reads a policy: a YAML or JSON object {on_tcp_connect: [rule], on_http_request: [rule]}, a rule being {name, actions: [{type, config}]}. The error
// is an *Error that says where the first mistake is; it repeats no value that may be a secret.
func Compile(text string) (*Policy, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	p := &Policy{sum: sha256.Sum256([]byte(text))}
	err = root.each(func(phase string, v value) error {
		switch phase {
		case onConnect:
			return compileRules(v, phase, &p.connect)
		case onRequest:
			return compileRules(v, phase, &p.request)
		case "on_http_response", "on_event_stream_message":
			return v.errorf("this phase is not yet offered")
		case "inbound":
			return v.errorf("the phase is called on_http_request now")
		case "outbound":
			return v.errorf("the phase is called on_http_response now, and not yet offered")
		}
		return v.errorf("no such phase; there are on_tcp_connect and on_http_request")
	})
	if err != nil {
		return nil, err
	}
	return p, nil
}

func compileRules(v value, phase string, to *[]action) error {
	rules, err := v.list("rule")
	if err != nil {
		return err
	}
	for i, r := range rules {
		if err := compileRule(r, scope{phase: phase, rule: strconv.Itoa(i + 1)}, to); err != nil {
			return err
		}
	}
	return nil
}

// scope is where an action stands.
type scope struct{ phase, rule string }

// reject makes the rejection of an action, with where it stands.
func (s scope) reject(action, why, header string) *Rejection {
	return &Rejection{Action: action, Reason: fmt.Sprintf("%s: %s (%s, rule %s)", action, why, s.phase, s.rule), Header: header}
}

func compileRule(v value, s scope, to *[]action) error {
	var actions []value
	found := false
	err := v.each(func(key string, v value) (err error) {
		switch key {
		case "name":
			var name string
			if name, err = v.text(); err == nil && name != "" {
				s.rule += " " + quote(name)
			}
		case "expressions":
			var all []value
			if all, err = v.list("expression"); err == nil && len(all) > 0 {
				err = v.errorf("expressions are not yet offered; leave them out, and the rule is for every request")
			}
		case "actions":
			found = true
			actions, err = v.list("action")
		default:
			err = v.errorf("no such key; a rule has name, expressions and actions")
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found || len(actions) == 0 {
		return v.errorf("the rule has no actions")
	}
	for i, a := range actions {
		a.where = v.at("action " + strconv.Itoa(i+1))
		if err := compileAction(a, s, to); err != nil {
			return err
		}
	}
	return nil
}
