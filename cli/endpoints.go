package cli

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect/view"
)

// listedEndpoint is a line of "adit endpoints".
type listedEndpoint struct {
	Name     string `json:"name"`
	URL      string `json:"url,omitempty"`
	Upstream string `json:"upstream"`
	API      string `json:"api"`             // of the agent that has it
	Error    string `json:"error,omitempty"` // why it has no URL

	Description string `json:"description,omitempty"`
}

func (a *app) endpointsCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "endpoints [list]",
		Short:   "List the endpoints of the agents on this machine",
		GroupID: "agent",
		Long: `List the endpoints of the agents that run on this machine: name, public URL, and where it leads.
For one that the relay has refused, the code of the refusal stands in the URL's place.`,
		Example: `  adit endpoints
  adit endpoints --json`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 1 && args[0] == "list" {
				return nil
			}
			return noSuchCommand(c, args)
		},
		ValidArgs: []string{"list"},
		RunE: func(c *cobra.Command, _ []string) error {
			agents, err := a.runningAgents(c.Context(), c)
			if err != nil {
				return err
			}
			list := listEndpoints(agents)
			if asJSON {
				return a.printJSON(map[string]any{"endpoints": list})
			}
			return a.printEndpoints(list)
		},
	}
	apiFlags(c, &asJSON)
	return c
}

func listEndpoints(agents []runningAgent) []listedEndpoint {
	list := []listedEndpoint{}
	for _, r := range agents {
		for _, e := range r.Endpoints {
			list = append(list, listedEndpoint{Name: e.Name, URL: e.URL, Upstream: e.Config.Addr, API: r.API, Description: e.Description})
		}
		for _, e := range r.Refused {
			list = append(list, listedEndpoint{Name: e.Name, Upstream: e.Upstream, API: r.API, Error: e.Error})
		}
	}
	return list
}

func (a *app) printEndpoints(list []listedEndpoint) error {
	w := tabwriter.NewWriter(a.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tURL\tUPSTREAM\tLOCAL API\tDESCRIPTION")
	for _, e := range list {
		where := e.URL
		if e.Error != "" {
			where = "refused: " + e.Error
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", view.Sanitize(e.Name), view.Sanitize(where), view.Sanitize(e.Upstream), e.API, view.Sanitize(e.Description))
	}
	return w.Flush()
}
