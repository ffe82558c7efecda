package agent_test

import (
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/adit-tunnel/adit"

// reaches are all packages outside the standard library that a program gets with the library on Linux; other systems' differ in golang.org/x/sys at
// most. Each one more is a decision.
var reaches = []string{
	"github.com/adit-tunnel/adit/agent",
	"github.com/adit-tunnel/adit/budget",
	"github.com/adit-tunnel/adit/errorpage",
	"github.com/adit-tunnel/adit/http1",
	"github.com/adit-tunnel/adit/inspect",
	"github.com/adit-tunnel/adit/inspect/capture",
	"github.com/adit-tunnel/adit/inspect/meter",
	"github.com/adit-tunnel/adit/inspect/sign",
	"github.com/adit-tunnel/adit/sock",
	"github.com/adit-tunnel/adit/wire",
	"github.com/coder/websocket", // the way to the relay where only HTTP passes
	"github.com/coder/websocket/internal/bpool",
	"github.com/coder/websocket/internal/errd",
	"github.com/coder/websocket/internal/util",
	"github.com/decred/dcrd/dcrec/secp256k1/v4", // to verify SendGrid's keys; nothing below it
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa",
	"github.com/gofrs/flock",
	"github.com/google/uuid",
	"github.com/xtaci/smux",
	"golang.org/x/net/internal/socks", // the way through a SOCKS5 proxy
	"golang.org/x/net/proxy",
	"golang.org/x/sys/unix",
}

// source finds and reads packages. The files are parsed here rather than by "go list", so that the test cache sees them.
type source struct {
	t       *testing.T
	build   build.Context
	modules map[string]string // path to directory
}

func newSource(t *testing.T) *source {
	t.Helper()
	s := &source{t: t, build: build.Default, modules: map[string]string{module: ".."}}
	s.build.GOOS, s.build.GOARCH, s.build.CgoEnabled = "linux", "amd64", false
	cache := os.Getenv("GOMODCACHE")
	if cache == "" {
		cache = filepath.Join(filepath.SplitList(build.Default.GOPATH)[0], "pkg", "mod")
	}
	b, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) >= 2 && strings.HasPrefix(f[1], "v") {
			s.modules[f[0]] = filepath.Join(cache, filepath.FromSlash(f[0]+"@"+f[1])) // none that is reached has capitals in its path
		}
	}
	return s
}

// files are the parsed files of a package, tests left out.
func (s *source) files(pkg string) []*ast.File {
	s.t.Helper()
	root, rest := pkg, ""
	for s.modules[root] == "" {
		if root == "." {
			s.t.Fatalf("no module has %s", pkg)
		}
		root, rest = path.Dir(root), path.Join(path.Base(root), rest)
	}
	dir := filepath.Join(s.modules[root], filepath.FromSlash(rest))
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		s.t.Fatalf("nothing of %s in %s: %v", pkg, dir, err)
	}
	var files []*ast.File
	for _, name := range names {
		ok, err := s.build.MatchFile(dir, filepath.Base(name))
		if err != nil {
			s.t.Fatal(err)
		}
		if !ok || strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			s.t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// all are the files of every package outside the standard library that is reached from pkg.
func (s *source) all(pkg string) map[string][]*ast.File {
	seen := map[string][]*ast.File{}
	var visit func(pkg string)
	visit = func(pkg string) {
		if first, _, _ := strings.Cut(pkg, "/"); !strings.Contains(first, ".") || seen[pkg] != nil {
			return
		}
		seen[pkg] = s.files(pkg)
		for _, f := range seen[pkg] {
			for _, i := range f.Imports {
				p, err := strconv.Unquote(i.Path.Value)
				if err != nil {
					s.t.Fatal(err)
				}
				visit(p)
			}
		}
	}
	visit(pkg)
	return seen
}

// TestReaches: the library stays small: no face, no store, nothing that is not in the list.
func TestReaches(t *testing.T) {
	var got []string
	for pkg := range newSource(t).all(module + "/agent") {
		got = append(got, pkg)
	}
	slices.Sort(got)
	if !slices.Equal(got, reaches) {
		t.Errorf("the library reaches\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(reaches, "\n\t"))
	}
}

// forbidden is what a library must not do to its host: write to its output, use its logs, end it, or take its signals.
var forbidden = map[string][]string{
	"fmt":       {"Print", "Printf", "Println"},
	"os":        {"Exit", "Stdout", "Stderr", "Stdin"},
	"log":       {"*"},
	"log/slog":  {"Default", "SetDefault", "Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "DebugContext", "InfoContext", "WarnContext", "ErrorContext"},
	"os/signal": {"*"},
	"syscall":   {"Exit", "Kill"},
	"runtime":   {"Goexit", "Breakpoint"},
	"builtin":   {"print", "println"},
}

// uses returns what f uses of forbidden.
func uses(f *ast.File) []string {
	names := map[string]string{}
	for _, i := range f.Imports {
		p, _ := strconv.Unquote(i.Path.Value)
		name := path.Base(p)
		if i.Name != nil {
			name = i.Name.Name
		}
		names[name] = p
	}
	var found []string
	note := func(pkg, name string) {
		if slices.Contains(forbidden[pkg], name) || slices.Contains(forbidden[pkg], "*") {
			found = append(found, pkg+"."+name)
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if x, ok := n.X.(*ast.Ident); ok {
				note(names[x.Name], n.Sel.Name)
			}
		case *ast.CallExpr:
			if x, ok := n.Fun.(*ast.Ident); ok {
				note("builtin", x.Name)
			}
		}
		return true
	})
	return found
}

// TestNeverPrintsNeverExits: neither the library nor what it uses of ours does to its host what is forbidden.
func TestNeverPrintsNeverExits(t *testing.T) {
	for pkg, files := range newSource(t).all(module + "/agent") {
		if !strings.HasPrefix(pkg, module+"/") {
			continue
		}
		for _, f := range files {
			for _, what := range uses(f) {
				t.Errorf("%s uses %s", pkg, what)
			}
		}
	}
	guilty, err := parser.ParseFile(token.NewFileSet(), "", `package p
		import ("fmt"; "os"; "log"; l "log/slog")
		func f() { fmt.Println(); fmt.Fprintln(os.Stderr); log.Fatal(); l.Info(""); println(); os.Exit(1) }`, 0)
	if err != nil {
		t.Fatal(err)
	}
	if got := uses(guilty); len(got) != 6 {
		t.Errorf("of six sins %q are found", got)
	}
}
