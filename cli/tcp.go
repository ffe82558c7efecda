package cli

import (
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/wire"
)

func (a *app) tcpCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "tcp <port | host:port>",
		Short:       "Put a TCP service online: ssh, a database, anything",
		GroupID:     "agent",
		Annotations: withAgent,
		Long: `Put a TCP service online: every connection to the public port is passed on as it is.

The relay gives the endpoint a port that stays the same; --url asks for a certain one.
Without --relay the port is one of this machine.

To a service given as tls://HOST:PORT adit speaks TLS; --upstream-tls-verify checks its
certificate.`,
		Example: `  adit tcp 22
  adit tcp 22 --url :20022
  adit tcp db.local:5432 --relay tunnel.example.com --relay-pin sha256:… --authtoken …`,
		Args: exactly("the service's port or address", "22"),
		RunE: func(c *cobra.Command, args []string) error { return a.runEndpoint(c, wire.ProtocolTCP, args[0]) },
	}
	optionFlags(c.Flags(), wire.ProtocolTCP)
	return c
}

func (a *app) tlsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:         "tls <port | host:port>",
		Short:       "Put a TLS service online under a name of your own",
		GroupID:     "agent",
		Annotations: withAgent,
		Long: `Put a TLS service online: the relay finds the endpoint by the name that the visitor's
TLS hello asks for, and passes the connection on without being able to read it.

With --crt and --key TLS ends at the agent, and the service gets what was in it; with
--terminate-at edge it ends at the relay.`,
		Example: `  adit tls 443 --url shop.example.com
  adit tls 8000 --url shop.example.com --crt shop.crt --key shop.key
  adit tls 8000 --url shop --terminate-at edge`,
		Args: exactly("the service's port or address", "443"),
		RunE: func(c *cobra.Command, args []string) error { return a.runEndpoint(c, wire.ProtocolTLS, args[0]) },
	}
	optionFlags(c.Flags(), wire.ProtocolTLS)
	return c
}

// udpCommand says that there is none: somebody may look for it.
func (a *app) udpCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "udp",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(*cobra.Command, []string) error {
			return usage("UDP is not carried (%s): adit has http, tcp and tls endpoints", wire.CodeUnsupported)
		},
	}
}
