package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
)

// completeExchanges completes the IDs of the newest exchanges, with what they are.
func (a *app) completeExchanges(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const then = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	if len(args) > 0 {
		return nil, then
	}
	s, err := a.openCaptures(c)
	if err != nil {
		return nil, then
	}
	defer s.Close()
	all := []string{newest + "\tthe newest"}
	for it, err := range s.List(c.Context(), inspect.Query{Limit: 20}) {
		if err != nil {
			break
		}
		if id := shortID(it.ID); strings.HasPrefix(id, typed) {
			method, path := view.Title(it.Exchange)
			all = append(all, id+"\t"+view.Sanitize(method+" "+path)+" "+outcomeOf(it.Exchange))
		}
	}
	return all, then
}

// completeReplay completes what "adit replay" takes: an ID, or else a filter.
func (a *app) completeReplay(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if typed == "" || idForm.MatchString(typed) || strings.HasPrefix(newest, typed) {
		return a.completeExchanges(c, args, typed)
	}
	return completeFilter(c, args, typed)
}

// labelOf is the name of what sent it, such as "stripe · invoice.paid".
func labelOf(it inspect.Item) string {
	if it.Label != "" {
		return it.Label
	}
	return view.Label(it.Exchange)
}

// completeFilter completes the key that a filter begins with, with what it is about.
func completeFilter(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	var keys []string
	for _, k := range inspect.FilterKeys() {
		if len(args) == 0 && strings.HasPrefix(k.Key, typed) {
			keys = append(keys, k.Key+"\t"+k.Help)
		}
	}
	return keys, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace | cobra.ShellCompDirectiveKeepOrder
}
