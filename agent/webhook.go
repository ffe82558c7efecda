package agent

import (
	"errors"
	"fmt"
	"slices"

	"github.com/adit-tunnel/adit/inspect/sign"
)

// Webhook is what is known of a provider whose webhooks come: the secrets that signatures are checked with (Agent.Verdict) and replays are signed with. They
// stay in memory, and go nowhere else.
type Webhook struct {
	Provider string       // ID of inspect/sign: "stripe"; sign.HMAC for Scheme
	Scheme   *sign.Scheme // with sign.HMAC: how somebody's own service signs
	Secrets  []string     // the newest first: replays are signed with that
	Problem  string       // why a secret is missing, for the person
}

// webhook is a Webhook whose provider has been looked up. It is not changed any more.
type webhook struct {
	*sign.Provider
	secrets []string
	problem string
}

// SetWebhooks takes secrets in place of all that were there before. The error joins what is wrong with some of them, in words that hold no secret; all others
// are taken, and Verdict says of those what was wrong.
func (a *Agent) SetWebhooks(all []Webhook) error {
	var wrong []error
	known := make([]*webhook, 0, len(all))
	for _, w := range all {
		p, err := w.provider()
		if err != nil {
			wrong = append(wrong, err)
			continue
		}
		k := &webhook{Provider: p, problem: w.Problem}
		for _, secret := range w.Secrets {
			if err := p.CheckSecret(secret); err != nil {
				k.problem = err.Error()
				wrong = append(wrong, fmt.Errorf("%s: %w", p.ID, err))
				continue
			}
			k.secrets = append(k.secrets, secret)
		}
		known = append(known, k)
	}
	a.mu.Lock()
	a.webhooks = known
	a.mu.Unlock()
	return errors.Join(wrong...)
}

func (w *Webhook) provider() (*sign.Provider, error) {
	if w.Provider == sign.HMAC && w.Scheme != nil {
		p, err := sign.New(*w.Scheme)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sign.HMAC, err)
		}
		return p, nil
	}
	if p := sign.Lookup(w.Provider); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("webhooks of %q are not known", w.Provider)
}

// candidates are the providers that may have signed r, the likeliest first: those whose secrets are known, else those of which it is known why not, else those
// whose field it is.
func (a *Agent) candidates(r *sign.Request) []*webhook {
	a.mu.Lock()
	known := a.webhooks
	a.mu.Unlock()
	var with, lacking, others []*webhook
	add := func(k *webhook) {
		if len(k.secrets) > 0 {
			with = append(with, k)
		} else {
			lacking = append(lacking, k)
		}
	}
	for _, k := range known {
		if k.ID == sign.HMAC && k.Present(r) {
			add(k)
		}
	}
	for _, p := range sign.Detect(r) {
		if i := slices.IndexFunc(known, func(k *webhook) bool { return k.ID == p.ID }); i >= 0 {
			add(known[i])
		} else if !p.Vague() {
			others = append(others, &webhook{Provider: p})
		}
	}
	switch {
	case len(with) > 0:
		return with
	case len(lacking) > 0:
		return lacking
	}
	return others
}
