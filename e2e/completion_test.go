package e2e

import (
	"os"
	"path/filepath"
	"testing"
)

// TestCompletionInBash presses Tab in a bash with bash-completion: commands, the value of a flag behind "=", and endpoints' names, also one that bash takes apart at
// its colon and one that it must quote.
func TestCompletionInBash(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(library); err != nil {
		t.Skip("bash-completion is not installed")
	}
	dir := t.TempDir()
	endpoints := "version: 3\nendpoints:\n" +
		"  - {name: web, upstream: {url: 8000}}\n" +
		"  - {name: \"api:v1\", upstream: {url: 9000}}\n" +
		"  - {name: my shop, upstream: {url: 9001}}\n"
	if err := os.WriteFile(filepath.Join(dir, "FILE"), []byte(endpoints), 0o600); err != nil {
		t.Fatal(err)
	}
	x := newTerminal(t, 150, 40)
	x.say("cd " + dir + " && . " + library + " && . <(adit completion bash) && clear && echo loaded")
	x.see(`(?m)^loaded`)
	for typed, want := range map[string]string{
		"adit sta":                       `start +\(.*\n?.*status +\(`,
		"adit http 8000 --log-level=d":   `--log-level=debug`,
		"adit start --config FILE w":     `FILE web`,
		"adit start --config FILE web a": `FILE web api:v1`,
		"adit start --config FILE api:":  `FILE api:v1`,
		"adit start --config FILE m":     `FILE my\\ shop`,
	} {
		x.press("C-c")
		x.say("clear; echo cleared")
		x.see(`(?m)^cleared`)
		x.tmux("send-keys", "-l", typed)
		x.press("Tab", "Tab")
		x.see(want)
	}
}
