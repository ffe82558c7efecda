package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
)

// module is the path that all rooms share.
const module = "github.com/adit-tunnel/adit"

// mayImport says which rooms a room may import (docs/architecture.md). A room that is not here may not exist.
var mayImport = map[string][]string{
	".":                         {"cli"},
	"cli":                       {"agent", "relay", "relay/cert", "relay/control", "relay/registry", "tui", "tui/pane", "tui/terminal", "inspect", "inspect/store", "inspect/decode", "inspect/view", "inspect/diff", "inspect/edit", "inspect/export", "inspect/rerun", "inspect/sign", "inspect/web", "config", "demo", "wire", "budget"},
	"agent":                     {"wire", "http1", "errorpage", "inspect", "inspect/capture", "inspect/meter", "inspect/sign", "budget", "sock"},
	"tui":                       {"inspect", "inspect/view", "inspect/diff", "inspect/edit", "inspect/export", "inspect/rerun", "tui/pane", "tui/terminal", "tui/theme"},
	"tui/pane":                  {"inspect", "inspect/view", "inspect/diff", "tui/theme"},
	"tui/terminal":              {},
	"tui/theme":                 {},
	"inspect":                   {},
	"inspect/meter":             {},
	"inspect/sign":              {},
	"inspect/decode":            {},
	"inspect/capture":           {"inspect", "inspect/decode", "http1"},
	"inspect/store":             {"inspect", "inspect/decode", "http1", "budget"},
	"inspect/view":              {"inspect", "inspect/decode", "http1"},
	"inspect/diff":              {"inspect", "inspect/decode", "inspect/view", "http1"},
	"inspect/rerun":             {"inspect", "inspect/diff", "inspect/view"},
	"inspect/edit":              {"inspect", "inspect/view"},
	"inspect/export":            {"inspect", "inspect/decode", "inspect/view", "http1"},
	"inspect/web":               {"inspect", "inspect/decode", "inspect/view", "inspect/diff", "inspect/export", "inspect/rerun"},
	"config":                    {},
	"relay":                     {"relay/edge", "relay/session", "relay/registry", "relay/control", "relay/admin", "relay/cert", "wire", "budget", "sock"},
	"relay/edge":                {"relay/registry", "relay/policy", "http1", "errorpage", "wire", "budget", "sock"},
	"relay/session":             {"relay/registry", "relay/control", "relay/policy", "wire", "budget"},
	"relay/registry":            {"relay/policy", "wire"},
	"relay/policy":              {"http1"},
	"relay/control":             {},
	"relay/cert":                {},
	"relay/control/controltest": {"relay/control"},
	"relay/admin":               {"relay/admin/hush", "relay/registry", "relay/control", "inspect/meter"},
	"relay/admin/hush":          {},
	"relay/relaytest":           {"relay", "relay/control"},
	"budget":                    {},
	"sock":                      {},
	"wire":                      {"sock"},
	"wire/wiretest":             {"wire"},
	"wire/hours":                {},
	"errorpage":                 {"wire"},
	"http1":                     {},
	"demo":                      {},
	"bench":                     {},
	"release":                   {"cli"},
	"docs/pictures":             {"demo"},
	"docs/written":              {},
}

// vendorDoors says which rooms may import a vendor's packages, by prefix.
var vendorDoors = map[string][]string{
	"github.com/chromedp/":             {"inspect/web"},
	"github.com/xtaci/smux":            {"wire"},
	"github.com/knadh/koanf":           {"config"},
	"github.com/charmbracelet":         {"tui", "tui/pane", "tui/terminal", "tui/theme"},
	"github.com/sahilm/fuzzy":          {"tui"},
	"rsc.io/qr":                        {"tui"},
	"github.com/decred/":               {"inspect/sign"},
	"github.com/spf13/cobra":           {"cli", "release"},
	"github.com/coder/websocket":       {"demo", "wire"},
	"go.yaml.in/yaml":                  {"config", "relay/policy"},
	"github.com/zalando/go-keyring":    {"config"},
	"github.com/VictoriaMetrics/":      {"relay/admin"},
	"github.com/kardianos/":            {"cli"},
	"github.com/coreos/go-systemd/":    {"cli"},
	"github.com/pires/go-proxyproto":   {"relay"},
	"gopkg.in/natefinch/":              {"cli"},
	"modernc.org/sqlite":               {"relay/control", "inspect/store"},
	"golang.org/x/net/proxy":           {"agent"},
	"golang.org/x/net/http/httpproxy":  {"cli"},
	"golang.org/x/time":                {"relay/cert", "relay/session"},
	"github.com/caddyserver/":          {"relay/cert"},
	"github.com/mholt/acmez":           {"relay/cert"},
	"go.uber.org/zap":                  {"relay/cert"},
	"github.com/aymanbagabas/go-udiff": {"inspect/diff"},
	"github.com/aymanbagabas/go-osc52": {"tui/terminal"},
	"github.com/alecthomas/":           {"inspect/view"},
	"github.com/andybalholm/brotli":    {"inspect/decode"},
	"github.com/klauspost/compress":    {"inspect/decode"},
}

// neverReach says what a room must not reach even through others: the library stays small, the relay knows no face.
var neverReach = map[string][]string{
	"agent":       {"relay", "tui", "config", "cli", "inspect/store", "inspect/web"},
	"relay":       {"agent", "tui", "config", "cli", "inspect/store"},
	"tui":         {"agent", "relay", "wire", "inspect/web"},
	"inspect/web": {"agent", "relay", "wire", "tui"},
}

// imports maps each room to what its files import, tests left out. The files are parsed here rather than by "go list", so that
// the test cache sees them.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	rooms := map[string][]string{}
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && file != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(file))
		rooms[room] = append(rooms[room], "")
		for _, i := range f.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			rooms[room] = append(rooms[room], p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room, all := range rooms {
		sort.Strings(all)
		rooms[room] = slices.Compact(all)[1:]
	}
	return rooms
}

func ours(p string) (room string, ok bool) {
	if p == module {
		return ".", true
	}
	return strings.CutPrefix(p, module+"/")
}

func TestImports(t *testing.T) {
	rooms := imports(t)
	for room, all := range rooms {
		allowed, known := mayImport[room]
		if !known {
			t.Errorf("the room %s is not in the plan", room)
			continue
		}
		for _, p := range all {
			if other, ok := ours(p); ok && !slices.Contains(allowed, other) {
				t.Errorf("%s imports %s, which the plan does not allow", room, other)
			}
			for vendor, doors := range vendorDoors {
				if strings.HasPrefix(p, vendor) && !slices.Contains(doors, room) {
					t.Errorf("%s imports %s, whose only door is %v", room, p, doors)
				}
			}
		}
	}
	for room := range mayImport {
		if rooms[room] == nil {
			t.Errorf("the plan has a room %s that does not exist", room)
		}
	}
}

func TestNeverReach(t *testing.T) {
	rooms := imports(t)
	for from, never := range neverReach {
		seen := map[string]bool{}
		var visit func(room, via string)
		visit = func(room, via string) {
			if seen[room] {
				return
			}
			seen[room] = true
			for _, n := range never {
				if room == n || strings.HasPrefix(room, n+"/") && !strings.HasPrefix(from, n) {
					t.Errorf("%s reaches %s: %s", from, room, via)
				}
			}
			for _, p := range rooms[room] {
				if next, ok := ours(p); ok {
					visit(next, path.Join(via, "→", next))
				}
			}
		}
		visit(from, from)
	}
}
