package cli

import (
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/agent"
)

// commandLine is the name of the endpoint that the command line starts.
const commandLine = "command_line"

type httpOptions struct {
	host       string
	hostHeader string
	inspect    bool
}

func (a *app) httpCommand() *cobra.Command {
	var o httpOptions
	c := &cobra.Command{
		Use:     "http <port | host:port>",
		Short:   "Put a web service on this machine online",
		GroupID: "agent",
		Long: `Put a web service on this machine online and watch its requests.

With --relay the public URL belongs to that relay. Without one, adit starts a relay
inside itself: the URL then works on this machine, which is enough to look at
requests, replay them, and try adit out.`,
		Example: `  adit http 8000
  adit http 8000 --no-tui
  adit http api.local:3000 --relay tunnel.example.com --relay-pin sha256:… --authtoken …`,
		Args: exactly("the service's port or address", "8000"),
		RunE: func(c *cobra.Command, args []string) error { return a.runHTTP(c, args[0], o) },
	}
	f := c.Flags()
	f.StringVar(&o.host, "url", "", "public `HOST` to ask the relay for (default: a random one that stays the same)")
	f.StringVar(&o.hostHeader, "host-header", "preserve", "Host field for the service: preserve, rewrite (its own address), or a `VALUE`")
	f.BoolVar(&o.inspect, "inspect", true, "record and show requests and responses")
	agentFlags(f)
	return c
}

func (a *app) runHTTP(c *cobra.Command, arg string, o httpOptions) error {
	cfg, err := a.agentConfig(c)
	if err != nil {
		return err
	}
	upstream, err := upstreamURL(arg)
	if err != nil {
		return err
	}
	host, err := publicHost(o.host)
	if err != nil {
		return err
	}
	return a.runAgent(cfg, agentRun{endpoints: []agent.Endpoint{{
		Name: commandLine, Upstream: upstream, Host: host, HostHeader: o.hostHeader, Inspect: o.inspect,
	}}})
}
