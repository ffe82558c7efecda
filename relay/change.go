package relay

import (
	"github.com/adit-tunnel/adit/relay/edge"
)

// Change takes over what may change while the relay runs: Trust, Proxy (where there was any from the start, and is any), PerAddress, Limits and Grace. It checks o as New
// does, and changes nothing when that finds a mistake.
func (r *Relay) Change(o Options) error {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return err
	}
	r.grace.Store(int64(o.Grace))
	if len(o.Proxy) > 0 { // else balancers go on with their headers, which nobody would read: that takes other listeners
		r.proxy.Store(&o.Proxy)
	}
	r.edge.Change(edge.Options{
		Trust: o.Trust, Share: o.PerAddress, Head: o.Limits.Head, Idle: o.Limits.Idle, Body: o.Limits.Body, Reader: o.Limits.Reader,
	})
	r.sessions.SetAuth(o.Limits.Auth)
	return nil
}
