package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/docs/written"
)

// TestDocs: the tables of docs/config.md are those of the program.
func TestDocs(t *testing.T) {
	written.Part(t, "../docs/config.md", "options", "\n### The agent\n\n"+optionTable(OfAgent)+"\n### An endpoint\n\n"+optionTable(OfEndpoint)+"\n", *update)
}

func optionTable(scope Scope) string {
	var b strings.Builder
	b.WriteString("| flag | version 3 | version 2 | value | now | what |\n| --- | --- | --- | --- | --- | --- |\n")
	for i := range Options {
		o := &Options[i]
		if o.Scope != scope || o.provider != "" && o.provider != OwnWebhook && o.provider != WebhookProviders[0] {
			continue
		}
		var flags []string
		if !o.Hidden {
			flags = append(flags, "--"+o.Name)
		}
		for _, older := range o.Older {
			flags = append(flags, "--"+older)
		}
		if o.provider == WebhookProviders[0] { // one line for all
			fmt.Fprintf(&b, "%s\n", strings.ReplaceAll(o.row(flags), o.provider, "PROVIDER"))
			continue
		}
		fmt.Fprintln(&b, o.row(flags))
	}
	return b.String()
}

func (o *Option) row(flags []string) string {
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", ticks(flags), ticks(o.V3), ticks(o.V2), o.valueText(),
		map[Standing]string{Works: "works", Later: "later", Ignored: "no meaning"}[o.Standing], strings.ReplaceAll(o.Usage, "`", ""))
}

func ticks(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return "`" + strings.Join(words, "` `") + "`"
}

func (o *Option) valueText() string {
	text := o.Kind.String()
	if len(o.Values) > 0 {
		text = strings.Join(o.Values, ", ")
		if o.Kind == Strings {
			text = "list of " + text
		}
	}
	if o.Default != "" {
		text += "; `" + o.Default + "`"
	}
	return text
}
