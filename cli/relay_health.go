package cli

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// healthWithin is how long a relay may take to say that it is well.
const healthWithin = 5 * time.Second

func (a *app) relayHealthCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "health",
		Short: "Ask the relay on this machine whether it takes visitors and agents",
		Long: `Ask the admin listener of the relay on this machine whether it takes visitors and agents:
ready (exit code 0), or what is wrong (1). For health checks of containers, whose image
has no other program.`,
		Args: none,
	}
	all := pflag.NewFlagSet("", pflag.ContinueOnError)
	relayFlags(all, &relayOptions{})
	for _, name := range []string{"admin", relayConfigFlag} {
		c.Flags().AddFlag(all.Lookup(name))
	}
	c.RunE = func(c *cobra.Command, _ []string) error {
		s, err := a.relaySettings(setFlags(c.Flags()))
		if err != nil {
			return err
		}
		return a.relayHealth(s.o.Admin)
	}
	return c
}

func (a *app) relayHealth(admin string) error {
	host, port, err := net.SplitHostPort(admin)
	if err != nil {
		return usage("the relay has no admin listener to be asked: --admin is %q", admin)
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	c := &http.Client{Timeout: healthWithin, Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := c.Get("http://" + net.JoinHostPort(host, port) + "/readyz")
	if err != nil {
		return &exitError{exitNo, fmt.Errorf("no relay answers at %s: %w", admin, errors.Unwrap(err))}
	}
	answer.Body.Close() // nothing is read from it
	if answer.StatusCode != http.StatusOK {
		return &exitError{exitNo, fmt.Errorf("the relay at %s takes nobody in: it starts or stops", admin)}
	}
	fmt.Fprintln(a.Out, "ready")
	return nil
}
