package wire

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

const codesFile = "../docs/errors.md"

// codesPage is docs/errors.md.
func codesPage() string {
	var b strings.Builder
	b.WriteString(`# Error codes

Every failure that adit tells anybody about has a number: on error pages, in logs, in the API, on the screen. A number is never used again for something
else. This page is written from the table in wire/code.go (` + "`go test ./wire -run TestCodesPage -update`" + `).

*Status* is that of the page a visitor gets; without one a visitor never sees the code. An agent that is told a code marked *ends* about its session
gives up; with any other it tries again. What an agent does on every code, wherever it comes, is in [protocol.md](protocol.md#what-to-do-on-every-code).
`)
	section := 0
	for _, c := range Codes {
		if s := int(c.Code) / 1000; s != section {
			section = s
			fmt.Fprintf(&b, "\n## %d000: %s\n\n| code | name | status | what happened | who can mend it | how | |\n| --- | --- | --- | --- | --- | --- | --- |\n", s, codeSections[s])
		}
		status, ends := "", ""
		if c.Status != 0 {
			status = fmt.Sprint(c.Status)
		}
		if c.Fatal {
			ends = "ends"
		}
		fmt.Fprintf(&b, "| ADIT-%d | %s | %s | %s | %s | %s | %s |\n", uint16(c.Code), c.Name, status, c.Text, c.Who, c.Remedy, ends)
	}
	return b.String()
}

var codeSections = map[int]string{
	1: "link and session", 2: "the developer's side", 3: "names and limits", 4: "the visitor's request", 5: "the protocol",
}

func TestCodesPage(t *testing.T) {
	want := codesPage()
	if *update {
		if err := os.WriteFile(codesFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(codesFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/errors.md is not what the table says; run this test with -update")
	}
}

func TestCodes(t *testing.T) {
	last, names := Code(0), map[string]bool{}
	for _, c := range Codes {
		if c.Code <= last {
			t.Errorf("%d stands behind %d", c.Code, last)
		}
		last = c.Code
		if c.Name == "" || c.Name != strings.ToUpper(c.Name) || strings.ContainsAny(c.Name, " -") || names[c.Name] {
			t.Errorf("%d is named %q", c.Code, c.Name)
		}
		names[c.Name] = true
		for _, text := range []string{c.Text, c.Remedy} {
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "|") {
				t.Errorf("%d: %q is no sentence", c.Code, text)
			}
		}
		if c.Who == "" || codeSections[int(c.Code)/1000] == "" || c.Status != 0 && (c.Status < 400 || c.Status > 599) {
			t.Errorf("%d: %+v", c.Code, c)
		}
	}
	if got := CodeLocalRefused.String(); got != "ADIT-2001 LOCAL_REFUSED" {
		t.Error(got)
	}
	if got := Code(4999).Info(); got.Name != "UNKNOWN" || got.Status != 502 {
		t.Errorf("%+v", got)
	}
}
