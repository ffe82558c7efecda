package cli

import (
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/agent"
	"github.com/adit-tunnel/adit/config"
)

func (a *app) httpCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "http <port | host:port | url>",
		Short:       "Put a web service on this machine online",
		GroupID:     "agent",
		Annotations: withAgent,
		Long: `Put a web service on this machine online and watch its requests. It is named by a port,
HOST:PORT, an URL with http or https, a socket (unix:/run/app.sock), or a directory whose
files adit serves itself (file:///srv/www).

With --relay the public URL belongs to that relay. Without one, adit starts a relay
inside itself: the URL then works on this machine, which is enough to look at
requests, replay them, and try adit out.`,
		Example: `  adit http 8000
  adit http 8000 --no-tui
  adit http https://localhost:3000 --host-header rewrite
  adit http 50051 --upstream-protocol http2
  adit http file:///srv/www
  adit http api.local:3000 --relay tunnel.example.com --relay-pin sha256:… --authtoken …`,
		Args: exactly("the service's port or address", "8000"),
		RunE: func(c *cobra.Command, args []string) error { return a.runEndpoint(c, "http", args[0]) },
	}
	optionFlags(c.Flags(), "http")
	return c
}

// runEndpoint puts the endpoint online that a command of its protocol describes.
func (a *app) runEndpoint(c *cobra.Command, protocol, upstream string) error {
	e, notices, wrong := config.CommandLine(protocol, upstream, setFlags(c.Flags()))
	cfg, err := a.agentConfig(c)
	if err = twoMistakes(wrong, err); err != nil {
		return err
	}
	cfg.Notices = append(cfg.Notices, notices...)
	if err := notYet(&e); err != nil {
		return err
	}
	ready, err := a.resolved(&e)
	if err != nil {
		return err
	}
	return a.runAgent(cfg, agentRun{endpoints: []agent.Endpoint{ready}})
}
