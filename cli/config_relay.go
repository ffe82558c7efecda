package cli

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) addRelayCommand() *cobra.Command {
	var pin, ca string
	c := &cobra.Command{
		Use:   "add-relay <host:port>",
		Short: "Save which relay to use, and how to know it",
		Long: `Save which relay to use in the configuration file, and how to know it: by the pin that it
prints at its start, or by certificate authorities. Without either, the system's count.`,
		Example: `  adit config add-relay tunnel.example.com:4443 --pin sha256:…`,
		Args:    exactly("the relay", "tunnel.example.com:4443"),
		RunE: func(c *cobra.Command, args []string) error {
			// Load knows what these may hold; with flags alone it reads nothing else.
			_, err := config.Load(config.Sources{Flags: map[string][]string{"relay": {args[0]}, "relay-pin": {pin}, "relay-ca": {ca}}})
			if err != nil {
				return &exitError{exitUsage, err}
			}
			if ca != "" {
				if ca, err = filepath.Abs(ca); err != nil {
					return usage("--ca: %w", err)
				}
			}
			var before, token string
			err = a.change(c, "Relay", func(d *config.Document) error {
				before, token = d.Agent("relay"), d.Agent("authtoken")
				return setRelay(d, args[0], pin, ca)
			})
			if err == nil && token != "" && before != "" && before != args[0] {
				a.warn(fmt.Sprintf("the authtoken in the file was for %s and goes to %s from now on\n  save another one with: adit config add-authtoken -", before, args[0]))
			}
			return err
		},
	}
	c.Flags().StringVar(&pin, "pin", "", "the relay's `PIN`, sha256:…, as it prints it at its start")
	c.Flags().StringVar(&ca, "ca", "", "`FILE` of certificate authorities that may vouch for the relay (PEM)")
	fileFlags(c)
	return c
}

// setRelay writes the relay, and what it is known by; what another one was known by goes. The relay is written last, to stand first.
func setRelay(d *config.Document, relay, pin, ca string) error {
	other := d.Agent("relay") != relay
	for _, s := range [][2]string{{"relay_ca", ca}, {"relay_pin", pin}} {
		if s[1] == "" && (!other || d.Agent(s[0]) == "") {
			continue
		}
		if err := d.SetAgent(s[0], s[1]); err != nil {
			return err
		}
	}
	return d.SetAgent("relay", relay)
}
