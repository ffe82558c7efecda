package cli

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

func (a *app) statusCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "status",
		Short:   "Tell whether an agent runs here, and how it is",
		GroupID: "agent",
		Long: `Ask the agents that run on this machine how they are: session, URLs, how captures
are kept, and the meters of connections and requests. The exit code is 0 when all of them
are online, and 1 when one is not or none runs.`,
		Example: `  adit status
  adit status --json --api 127.0.0.1:4041`,
		Args: none,
		RunE: func(c *cobra.Command, _ []string) error {
			agents, err := a.runningAgents(c.Context(), c)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.printJSON(map[string]any{"agents": agents})
			} else {
				err = printStatus(a.Out, agents)
			}
			if err == nil && !allOnline(agents) {
				err = &exitError{code: exitNo}
			}
			return err
		},
	}
	apiFlags(c, &asJSON)
	return c
}

func allOnline(agents []runningAgent) bool {
	for _, r := range agents {
		if r.Status != string(inspect.Online) {
			return false
		}
	}
	return true
}

func printStatus(to io.Writer, agents []runningAgent) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for i, r := range agents {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "Session\t%s\n", view.Sanitize(r.Status))
		if r.Session.Reason != "" {
			fmt.Fprintf(w, "Reason\t%s\n", view.Sanitize(r.Session.Reason))
		}
		for _, leg := range r.Session.Legs {
			where := strings.Join(strings.Fields(r.Session.Relay+" "+leg.Region+" "+leg.Latency), " ") // not all of them are known always
			fmt.Fprintf(w, "Relay\t%s\n", view.Sanitize(where))
		}
		fmt.Fprintf(w, "Version\t%s\nLocal API\t%s\n", view.Sanitize(r.Version), r.API)
		if r.Captures != nil {
			fmt.Fprintf(w, "Captures\t%s\n", view.Sanitize(r.Captures.String()))
		}
		for _, e := range r.Endpoints {
			printEndpoint(w, e)
		}
		for _, e := range r.Refused {
			fmt.Fprintf(w, "\nEndpoint\t%s\nRefused\t%s %s\n", view.Sanitize(e.Name), view.Sanitize(e.Error), view.Sanitize(e.Details))
		}
	}
	return w.Flush()
}

// String says where captures are, and what of them is missing.
func (c *runningCaptures) String() string {
	if c.Problem != "" {
		return "not written: " + c.Problem
	}
	if c.Place == "" {
		return "in memory only"
	}
	text := fmt.Sprintf("%s, %s", c.Place, view.Size(c.Bytes))
	if c.Summaries+c.NotStored > 0 {
		text += fmt.Sprintf("; of this run %d whole, %d as a line, %d not", c.Stored, c.Summaries, c.NotStored)
	}
	if c.Waiting > 0 {
		text += fmt.Sprintf("; %d not listed yet", c.Waiting)
	}
	if c.Notice != "" {
		text += "; " + c.Notice
	}
	return text
}

// printEndpoint shows an endpoint and its meters: per second, and in seconds.
func printEndpoint(w io.Writer, e runningTunnel) {
	fmt.Fprintf(w, "\nEndpoint\t%s\nForwarding\t%s → %s\n", view.Sanitize(e.Name), view.Sanitize(e.URL), view.Sanitize(e.Config.Addr))
	fmt.Fprintf(w, "\tttl\topn\trt1\trt5\tp50\tp90\n")
	for _, m := range []struct {
		what string
		runningMeters
		open string
	}{{"Connections", e.Metrics.Conns, fmt.Sprint(e.Metrics.Conns.Gauge)}, {"Requests", e.Metrics.HTTP, "-"}} {
		fmt.Fprintf(w, "%s\t%d\t%s\t%.2f\t%.2f\t%.2f\t%.2f\n", m.what, m.Count, m.open, m.Rate1, m.Rate5, m.P50/1e9, m.P90/1e9)
	}
}
