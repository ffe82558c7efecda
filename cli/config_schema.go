package cli

import (
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/config"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print a JSON schema of the configuration file, for editors",
		Long: `Print a JSON schema (draft 2020-12) of the configuration file. Editors that know the YAML
language server take it from the first line of the file:

  # yaml-language-server: $schema=adit.schema.json`,
		Example: `  adit config schema > adit.schema.json`,
		Args:    none,
		RunE: func(*cobra.Command, []string) error {
			_, err := a.Out.Write(config.Schema())
			return err
		},
	}
}
