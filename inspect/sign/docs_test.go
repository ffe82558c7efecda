package sign

import (
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/adit-tunnel/adit/docs/written"
)

var update = flag.Bool("update", false, "write the table into docs/webhooks.md, to be read before it is kept")

// TestDocs: the table of docs/webhooks.md is that of the program.
func TestDocs(t *testing.T) {
	written.Part(t, "../../docs/webhooks.md", "providers", "\n"+providerTable()+"\n", *update)
}

func providerTable() string {
	var b strings.Builder
	b.WriteString("| provider | signature stands in | it is | of | taken for | signed anew |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, id := range Providers() {
		for i, s := range Lookup(id).schemes {
			name, age, anew := "`"+id+"`", "", "yes"
			if i > 0 {
				name = ""
			}
			if s.stamped() && s.Tolerance != forever {
				age = strings.TrimSuffix(s.Tolerance.String(), "m0s")
				if age != s.Tolerance.String() {
					age += "m"
				}
			}
			if !s.canSign() {
				anew = "no"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", name, s.where(), s.what(), s.of(), age, anew)
		}
	}
	return b.String()
}

func (s *Scheme) where() string {
	switch {
	case s.Field == "":
		return "the content, `" + s.inBody + "`"
	case len(s.Also) > 0:
		return fmt.Sprintf("`%s` to `%s`", s.Field, s.Also[len(s.Also)-1])
	case s.Form == "{sig}":
		return "`" + s.Field + "`"
	}
	return fmt.Sprintf("`%s: %s`", s.Field, s.Form)
}

func (s *Scheme) what() string {
	switch s.Algorithm {
	case "token":
		return "the secret itself"
	case "ed25519", "ecdsa":
		return map[string]string{"ed25519": "Ed25519", "ecdsa": "ECDSA"}[s.Algorithm] + ", " + s.Encoding + "; the secret is a public key"
	}
	return "HMAC-" + strings.ToUpper(s.Algorithm) + ", " + s.Encoding
}

func (s *Scheme) of() string {
	switch {
	case s.Algorithm == "token":
		return ""
	case s.inBody != "" && s.Field != "":
		return "`" + s.Content + "`, with the time in `" + s.inBody + "`"
	}
	return "`" + s.Content + "`"
}
