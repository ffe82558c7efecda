package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect/sign"
)

func (a *app) addWebhookSecretCommand() *cobra.Command {
	var entry string
	c := &cobra.Command{
		Use:   "add-webhook-secret <provider> <secret | reference | ->",
		Short: "Save a secret that a provider's webhooks are signed with",
		Long: `Save a secret that a provider's webhooks are signed with in the configuration file, in place of
the one that is there. Signatures of recorded webhooks are checked with it, and replays signed.

` + secretHelp,
		Example: `  adit config add-webhook-secret stripe -
  adit config add-webhook-secret github env:GITHUB_WEBHOOK_SECRET
  adit config add-webhook-secret slack - --keychain`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("a provider and its secret are wanted, not %d arguments\n  try \"%s stripe -\"", len(args), c.CommandPath())
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			ref, err := a.webhookSecretToSave(c, args[0], args[1], entry)
			if err != nil {
				return err
			}
			lacks := false
			err = a.change(c, "Secret of "+args[0], func(d *config.Document) error {
				lacks = args[0] == config.OwnWebhook && d.Agent(ownHeader) == ""
				return d.SetAgent(config.WebhookKey(args[0]), ref)
			})
			if err == nil && lacks {
				a.warn("write " + ownHeader + " into the file, too, the field in which the signature stands: without it adit does not start")
			}
			return err
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return config.WebhookProviders, cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().StringVar(&entry, "keychain", "", "put the secret into the system's keychain, as entry `NAME` (webhook-secret-PROVIDER), and a reference into the file")
	c.Flags().Lookup("keychain").NoOptDefVal = "webhook-secret" // and the provider
	fileFlags(c)
	return c
}

// ownHeader is what must be known of a service that signs in a way of its own.
const ownHeader = "webhook_secrets." + config.OwnWebhook + ".header"

// webhookSecretToSave is what the file is to hold for a provider's secret.
func (a *app) webhookSecretToSave(c *cobra.Command, provider, arg, entry string) (ref string, err error) {
	if config.WebhookKey(provider) == "" {
		hint := ""
		if near := config.Nearest(provider, config.WebhookProviders); near != "" {
			hint = fmt.Sprintf("\n  did you mean %q?", near)
		}
		return "", usage("webhooks of %q are not known%s\n  docs/webhooks.md has a list; a service that is not in it may be described as %s", provider, hint, config.OwnWebhook)
	}
	if ref, err = a.secretToSave(c.Context(), "Secret", arg, aText); err != nil {
		return "", err
	}
	if p := sign.Lookup(provider); p != nil && config.SecretKind(ref) == "" {
		if err := p.CheckSecret(ref); err != nil {
			return "", usage("%s: %w", provider, err)
		}
	}
	if !c.Flag("keychain").Changed {
		return ref, nil
	}
	if flag := c.Flag("keychain"); entry == flag.NoOptDefVal {
		entry += "-" + provider
	}
	return a.intoKeychain(c.Context(), entry, ref)
}
