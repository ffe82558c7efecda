package sign

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the table into docs/webhooks.md, to be read before it is kept")

// TestDocs: the table of docs/webhooks.md is that of the program.
func TestDocs(t *testing.T) {
	const path, begin, end = "../../docs/webhooks.md", "-update -->\n", "<!-- end of providers -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(data), begin)
	have, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatal("the marks around the table are missing")
	}
	want := "\n" + providerTable() + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(have, want); diff != "" {
		t.Errorf("the table is not up to date: go test ./inspect/sign -run TestDocs -update; file -, program +:\n%s", diff)
	}
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
