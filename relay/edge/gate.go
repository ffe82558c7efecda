package edge

import (
	"github.com/adit-tunnel/adit/relay/policy"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/wire"
)

// judge runs the endpoint's policy, when there is one, on a request whose head is all that has been read of it. Whom it rejects never comes to the upstream,
// which is told instead.
func (o *origin) judge(t *turn) error {
	p := t.ep.Policy
	if p == nil {
		return nil
	}
	t.facts = policy.Facts{Client: t.q.Client.Addr(), Request: &t.req}
	err := p.Request(&t.facts)
	if r, rejected := err.(*policy.Rejection); rejected {
		t.more = r.Header
		t.turnedAway(rejectionCode(r), r.Reason)
	}
	return err
}

// refused tells the upstream of a visitor whom it would not take, if that is a limit of its account.
func (t *turn) refused(err error) {
	if code, _ := codeOf(err); code == wire.CodeRateLimit {
		t.turnedAway(code, code.Info().Text)
	}
}

// turnedAway tells the upstream of a visitor who did not come to it.
func (t *turn) turnedAway(code wire.Code, reason string) {
	method, path := t.line[:t.mlen], t.line[t.mlen:t.mlen+t.plen]
	t.ep.Upstream.TurnedAway(registry.Visitor{
		Time: t.q.Start, Client: t.q.Client.Addr(), Method: method, Host: t.host, Path: path, Code: code, Reason: reason,
	})
}

// rejectionCode is the code of a visitor who was turned away; its status is that of the answer.
func rejectionCode(r *policy.Rejection) wire.Code {
	switch r.Action {
	case policy.BasicAuth:
		return wire.CodeAuthRequired
	case policy.RestrictIPs:
		return wire.CodeAddressDenied
	}
	return wire.CodeInternal
}
