package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"adit": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("CI", "")
			e.Setenv("GORACE", "atexit_sleep_ms=0") // or each program takes a second longer to end
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": exitsWith, "helps": helpsOfAll},
	})
}

// update rewrites golden files: go test . -run TestScripts/help -update
var update = flag.Bool("update", false, "rewrite golden files")

const helpGolden = "testdata/help.golden"

// helpsOfAll is the script command "helps": the help of every command, hidden ones left out, is what the golden file says, and stands on standard output alone.
func helpsOfAll(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: helps")
	}
	var all strings.Builder
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		words := strings.Fields(c.CommandPath())
		ts.Check(ts.Exec(words[0], append(words[1:], "--help")...))
		if said := ts.ReadFile("stderr"); said != "" {
			ts.Fatalf("%s --help says on standard error: %s", c.CommandPath(), said)
		}
		fmt.Fprintf(&all, "── %s\n%s", c.CommandPath(), ts.ReadFile("stdout"))
		for _, sub := range c.Commands() {
			if !sub.Hidden {
				walk(sub)
			}
		}
	}
	walk(cli.Tree())
	if *update {
		ts.Check(os.WriteFile(helpGolden, []byte(all.String()), 0o644))
	}
	want, err := os.ReadFile(helpGolden)
	ts.Check(err)
	if d := cmp.Diff(string(want), all.String()); d != "" {
		ts.Fatalf("help has changed (go test . -run TestScripts/help -update):\n%s", d)
	}
}

// exitsWith is the script command "code N PROGRAM ARGS...": the program must end with that exit code.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N program args...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		got = exit.ExitCode()
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if want, _ := strconv.Atoi(args[0]); got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}
