package cli

import (
	"context"
	"errors"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/sign"
)

// webhookMistakes are those in what is written about webhooks that only inspect/sign can find. References are not looked up.
func webhookMistakes(cfg *config.Config) error {
	var wrong []error
	for _, w := range cfg.Webhooks {
		p, err := providerOf(&w)
		var scheme *sign.SchemeError
		if errors.As(err, &scheme) {
			wrong = append(wrong, cfg.WebhookMistake(w.Provider, scheme.Key, errors.New(scheme.Text)))
			continue
		}
		for _, secret := range w.Secrets {
			if config.SecretKind(secret) != "" {
				continue
			}
			if err := p.CheckSecret(secret); err != nil {
				wrong = append(wrong, cfg.WebhookMistake(w.Provider, "", err))
			}
		}
	}
	return errors.Join(wrong...)
}

// providerOf is who signs the webhooks that w is about. The error is a *sign.SchemeError.
func providerOf(w *config.Webhook) (*sign.Provider, error) {
	if w.Form != nil {
		return sign.New(*schemeOf(w.Form))
	}
	return sign.Lookup(w.Provider), nil
}

func schemeOf(f *config.WebhookForm) *sign.Scheme {
	if f == nil {
		return nil
	}
	return &sign.Scheme{
		Field: f.Header, Form: f.Prefix + "{sig}", Algorithm: f.Algorithm, Encoding: f.Encoding, Content: f.Content,
		Stamp: f.TimestampHeader, Unit: f.TimestampUnit, ID: f.IDHeader, Tolerance: f.Tolerance,
	}
}

// setWebhooks looks the secrets up and gives them to the agent. The error says what is missing; the rest is known.
func setWebhooks(ctx context.Context, to *agent.Agent, cfg *config.Config, o config.SecretOptions) error {
	var wrong []error
	cfg.ResolveWebhooks(ctx, o)
	all := make([]agent.Webhook, 0, len(cfg.Webhooks))
	for _, w := range cfg.Webhooks {
		if w.Problem != "" {
			wrong = append(wrong, errors.New("webhooks of "+w.Provider+": "+w.Problem))
		}
		all = append(all, agent.Webhook{Provider: w.Provider, Scheme: schemeOf(w.Form), Secrets: w.Secrets, Problem: w.Problem})
	}
	return errors.Join(append(wrong, to.SetWebhooks(all))...)
}

// knowWebhooks is setWebhooks for an agent that is about to start. What is missing stops nobody: it is said here, and with each webhook that it concerns.
func (a *app) knowWebhooks(p *parts, cfg *config.Config, dashboard bool) {
	err := setWebhooks(context.Background(), p.agent, cfg, a.secretOptions())
	if err == nil {
		return
	}
	a.notice(p, oneLine(err), dashboard)
	p.agent.SetNotice(oneLine(err))
}
