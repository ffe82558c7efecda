package tui

import (
	"log/slog"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

// scene is a state of the dashboard that is drawn, by what leads there.
type scene struct {
	name string
	play func(b *bench)
}

// scenes are all of them: of each pane in each of its states, and of what lies over the panes.
var scenes = slices.Concat(headScenes, listScenes, detailScenes, replayScenes, sheetScenes)

// headScenes are those of the head: how the tunnel is.
var headScenes = []scene{
	{"connecting", func(b *bench) {
		b.f.set(inspect.Status{State: inspect.Connecting, Version: "0.1.0", Web: "http://127.0.0.1:4040", Endpoints: []inspect.Endpoint{
			{Name: "command_line", Upstream: "http://localhost:8000"},
		}})
		b.sync()
	}},
	{"embedded", func(b *bench) {
		st := online()
		st.Embedded, st.Relay, st.Account, st.Plan = true, "", "", ""
		st.Endpoints[0].URL = "http://localhost:41234"
		st.Endpoints[0].Aliases = []string{"http://quiet-otter.localhost:41234"}
		b.f.set(st)
		b.sync()
	}},
	{"reconnecting", func(b *bench) {
		b.putDay()
		st := busy()
		st.State, st.Reason, st.NextTry = inspect.Reconnecting, "relay tunnel.example.com:4443: connection reset by peer", b.now.Add(3*time.Second)
		b.f.set(st)
		b.sync()
	}},
	{"ailing", func(b *bench) { // the local services do not answer, and the machine has just woken
		b.putDay()
		st := busy()
		st.Requests.Errors, st.Slept, st.Woke = 1234, 41*time.Minute, b.now.Add(-12*time.Second)
		st.Endpoints[0].Health = inspect.Health{State: inspect.HealthDown, Since: b.now.Add(-8 * time.Second), Reason: "refused"}
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000",
			Health: inspect.Health{State: inspect.HealthDown, Since: b.now.Add(-70 * time.Minute), Reason: "timed out"}})
		b.f.set(st)
		b.sync()
		b.beats(beatsPerInterval, 2)
		b.beats(beatsPerInterval, 7)
	}},
	{"unreached", func(b *bench) { // the link is there, but nobody comes through
		b.now = start.Add(3 * time.Minute)
		st := busy()
		st.Proof = b.now
		b.f.set(st)
		b.sync()
	}},
	{"refused", func(b *bench) {
		st := online()
		st.Notice = "This relay restarts tonight at 22:00 UTC; your tunnel moves by itself."
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", Upstream: "http://localhost:9000", Failure: &inspect.Failure{
			Code: 3003, Name: "ALREADY_ONLINE", Text: "api.tunnel.example.com is already online",
			Remedy: "Stop the other agent, or choose another name.",
		}})
		b.f.set(st)
		b.sync()
	}},
	{"turned", func(b *bench) { // of one address in full, of the other only a count
		st := online()
		st.Endpoints[0].Turned = 3
		st.Endpoints[0].LastTurned = &inspect.Turned{Client: "203.0.113.9\x1b]0;x\a", Status: 401, Method: "GET", Path: "/admin"}
		st.Endpoints = append(st.Endpoints, inspect.Endpoint{Name: "api", URL: "https://api.example.com", Upstream: "http://localhost:9000", Turned: 12_345_678})
		b.f.set(st)
		b.sync()
	}},
	{"figures", func(b *bench) { b.putTwo() }}, // of all endpoints together
	{"figures-of-one", func(b *bench) {
		b.putTwo()
		b.press("%", "%")
	}},
}

// listScenes are those of the list.
var listScenes = []scene{
	{"empty", func(b *bench) { b.sync() }},
	{"none", func(b *bench) { // without an endpoint
		st := online()
		st.Endpoints = nil
		b.f.set(st)
		b.sync()
	}},
	{"rows", func(b *bench) { b.putDay() }},
	{"connections", func(b *bench) { // of a tcp and a tls endpoint: open, closed, refused
		b.putConnections()
	}},
	{"no-connection", func(b *bench) {
		st := online()
		st.Endpoints[0].URL, st.Endpoints[0].Upstream = "tcp://relay.example.com:20022", "localhost:22"
		b.f.set(st)
		b.sync()
	}},
	{"selected", func(b *bench) {
		b.putDay()
		b.press("up", "up")
		b.put(exchange(20, "GET", "/new", 200, "OK"), exchange(21, "GET", "/newer", 200, "OK"))
	}},
	{"marked", func(b *bench) {
		b.putDay()
		b.press("g", " ", "down", " ", "down")
	}},
	{"range", func(b *bench) { // while it is being marked
		b.putDay()
		b.press("g", "v", "down", "down")
	}},
	{"sorted", func(b *bench) {
		b.putDay()
		b.press("o", "d")
	}},
	{"columns", func(b *bench) { // those that come by themselves, and one that was wanted
		other := exchange(3, "GET", "/x", 200, "OK")
		other.Endpoint = "api"
		b.put(hook(1), hook(2), other)
		b.press("s", "h", "esc")
	}},
	{"views", func(b *bench) { // in another order, some marked
		b.keeping(inspect.View{Name: "errors", Filter: "status:>=400"}, inspect.View{Name: "the payments of our shop", Filter: "stripe"})
		b.putDay()
		b.second()
		b.press("o", "c", "down", " ", "v", "down")
	}},
	{"filter", func(b *bench) { // while it is typed, with what would complete it
		b.putDay()
		b.press("/")
		b.write("github or st")
	}},
	{"filter-mistake", func(b *bench) {
		b.putDay()
		b.press("/")
		b.write("status:5 or (github")
	}},
	{"filtered", func(b *bench) { // with what an earlier run has
		b.f.earlier = yesterday(3)
		b.putDay()
		b.press("/")
		b.write("github or path:=/yesterday")
		b.press("enter", "up")
	}},
	{"nothing-matches", func(b *bench) {
		b.putDay()
		b.press("/")
		b.write("status:418")
		b.press("enter")
	}},
	{"replay", func(b *bench) { // the replay's row is selected, its original named
		b.putDay()
		b.press("g", "down")
	}},
	{"kept", func(b *bench) { // pinned, tagged, noted
		k := b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK"), failed(2, "POST", "/webhooks/twilio"))
		k.mark("018f-0001", "look at this one again")
		k.sync()
	}},
	{"unkept", func(b *bench) { // the disk does not take what comes
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.onFullDisk()
		b.put(exchange(2, "POST", "/webhooks/stripe", 200, "OK"), exchange(3, "GET", "/"+strings.Repeat("long", 40), 200, "OK"))
		b.now = b.now.Add(5 * time.Second)
		b.put(exchange(4, "GET", "/just-now", 200, "OK"))
	}},
	{"hostile", func(b *bench) { b.putHostile() }},
	{"ascii", func(b *bench) {
		b.m.look.ASCII = true
		b.putDay()
		b.press("up", "up", " ")
	}},
	{"mask-all", func(b *bench) {
		b.m.maskAll = true
		b.putPair()
	}},
	{"mouse-off", func(b *bench) {
		b.putDay()
		b.m.mouse.taken, b.m.mouse.freed = true, true
	}},
}

// detailScenes are those of the open exchange.
var detailScenes = []scene{
	{"detail-connection", func(b *bench) { // while it is open
		b.putConnections()
		b.press("up", "enter")
	}},
	{"detail-connection-failed", func(b *bench) { // and a key that needs a request
		b.putConnections()
		b.press("g", "enter", "r")
	}},
	{"detail", func(b *bench) {
		b.putDay()
		b.press("g", "down", "enter")
	}},
	{"detail-signature", func(b *bench) { b.openPair("1") }},
	{"detail-request", func(b *bench) { b.openPair("2") }},
	{"detail-request-bare", func(b *bench) { // with its secrets
		b.openPair("2")
		b.press(".")
	}},
	{"detail-response", func(b *bench) { b.openPair("3") }},
	{"detail-raw", func(b *bench) { b.openPair("4") }},
	{"detail-timing", func(b *bench) { b.openPair("5") }},
	{"detail-messages", func(b *bench) {
		b.putPair()
		b.press("G", "up", "up", "enter", "6", "j", "j", "enter")
	}},
	{"detail-replays", func(b *bench) { b.openPair("7") }},
	{"detail-diff", func(b *bench) { b.openPair("8") }},
	{"detail-notes", func(b *bench) {
		k := b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		k.mark("018f-0001", "look at this one again")
		k.sync()
		k.press("g", "enter", "9")
	}},
	{"detail-no-messages", func(b *bench) { b.openPair("6") }},
	{"detail-find", func(b *bench) {
		b.openPair("2")
		b.press("/")
		b.write("name")
		b.press("enter", "n")
	}},
	{"detail-path", func(b *bench) {
		b.openPair("2")
		b.press("|")
		b.write("$.items[*].id")
		b.press("enter")
	}},
	{"detail-large", func(b *bench) {
		b.putLarge()
		b.press("enter", "3", "G")
	}},
	{"detail-unwrapped", func(b *bench) {
		b.openPair("4")
		b.press("W", "l")
	}},
	{"detail-alone", func(b *bench) {
		b.openPair("2")
		b.press("+")
	}},
	{"detail-below", func(b *bench) { // and the list has the keyboard
		b.openPair("2")
		b.press("-", "tab")
	}},
	{"detail-live", func(b *bench) {
		b.putDay()
		b.press("G", "up", "enter", "3")
	}},
	{"failed", func(b *bench) {
		b.put(failed(4, "POST", "/webhooks/twilio"))
		b.press("enter")
	}},
	{"detail-masked", func(b *bench) {
		b.m.maskAll = true
		b.openPair("2")
	}},
	{"hostile-detail", func(b *bench) {
		b.putHostile()
		b.press("enter")
	}},
	{"hostile-request", func(b *bench) {
		b.putHostile()
		b.press("enter", "2")
	}},
}

// replayScenes are those of requests that are sent again.
var replayScenes = []scene{
	{"replayed", func(b *bench) {
		b.onStore(hook(1)).press("r")
		b.sync()
	}},
	{"options", func(b *bench) {
		b.put(hook(1))
		b.press("R")
	}},
	{"options-mistake", func(b *bench) {
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.press("R", "tab")
		b.write("many")
		b.press("enter")
	}},
	{"edit-menu", func(b *bench) {
		b.put(hook(1))
		b.press("e")
	}},
	{"edit-line", func(b *bench) {
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.press("e", "p", "ctrl+u")
		b.write("hook")
		b.press("enter")
	}},
	{"edit", func(b *bench) { // of headers
		b.put(exchange(1, "POST", "/webhooks/github", 200, "OK"))
		b.press("e", "h")
	}},
	{"preview", func(b *bench) {
		k := b.onStore(hook(1))
		k.press("e", "m", "ctrl+u")
		k.write("PUT")
		k.press("enter")
	}},
	{"running", func(b *bench) {
		k := b.onStore(hook(1), exchange(2, "GET", "/b", 200, "OK"), exchange(3, "GET", "/c", 200, "OK"))
		k.press("*")
		k.send(keyOf("r")) // and nothing of it comes to pass
	}},
	{"results", func(b *bench) { // of a run
		b.put(exchange(1, "POST", "/webhooks/github?"+strings.Repeat("long", 40), 200, "OK"), failed(2, "POST", "/webhooks/twilio"), exchange(3, "GET", "/"+evil, 200, "OK"), hook(4))
		b.press("*", "r")
	}},
}

// sheetScenes are those of what else lies over the panes, and of words in the footer.
var sheetScenes = []scene{
	{"help", func(b *bench) { b.press("?") }},
	{"help-detail", func(b *bench) {
		b.openPair("2")
		b.press("?", "pgdown")
	}},
	{"help-typed", func(b *bench) {
		b.press("?")
		b.write("replay")
	}},
	{"palette", func(b *bench) {
		b.putDay()
		b.press(":")
	}},
	{"palette-mistake", func(b *bench) {
		b.putDay()
		b.press(":")
		b.write("filter status:5")
		b.press("enter")
	}},
	{"copy", func(b *bench) {
		b.putDay()
		b.press("y")
	}},
	{"export", func(b *bench) {
		b.putDay()
		b.press("*", "x")
	}},
	{"export-plain", func(b *bench) {
		b.putDay()
		b.press("X")
	}},
	{"order", func(b *bench) {
		b.putDay()
		b.press("o")
	}},
	{"columns-menu", func(b *bench) {
		b.putDay()
		b.press("s", "s")
	}},
	{"views-menu", func(b *bench) {
		b.keeping(inspect.View{Name: "errors", Filter: "status:>=400"})
		b.putDay()
		b.press("V")
	}},
	{"delete-pinned", func(b *bench) {
		k := b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK"), exchange(2, "GET", "/b", 200, "OK"))
		k.mark("018f-0001", "")
		k.sync()
		k.press("*", "d")
	}},
	{"deleted", func(b *bench) {
		b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK"), exchange(2, "GET", "/b", 200, "OK")).press("d")
	}},
	{"purge", func(b *bench) {
		b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK")).press(":")
		b.write("purge status:200")
		b.press("enter")
	}},
	{"note", func(b *bench) {
		b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK")).press(";")
		b.write("look at this")
	}},
	{"pasted", func(b *bench) { // what would turn the line around, and what terminals count in two ways
		b.onStore(exchange(1, "POST", "/webhooks/github", 200, "OK")).press(";")
		b.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("pasted " + evil), Paste: true})
	}},
	{"copied", func(b *bench) {
		b.putDay()
		b.press("y", "p")
	}},
	{"refusal", func(b *bench) { // a toast about what cannot be
		b.putDay()
		b.press("u")
	}},
	{"log", func(b *bench) {
		var log logOf
		log.add(slog.LevelInfo, "endpoint online  endpoint=command_line url=http://9a1b-quiet-otter-7c2f.tunnel.example.com")
		log.add(slog.LevelWarn, "no session; trying again  err=\""+evil+"\"")
		log.add(slog.LevelError, "a word that is longer than a line: "+strings.Repeat("x", 150))
		b.m.work.source.Journal = &log
		b.press("L")
	}},
	{"qr", func(b *bench) {
		b.sync()
		b.press("U")
	}},
	{"quit", func(b *bench) {
		st := online()
		st.Requests.Open = 3
		b.f.set(st)
		b.sync()
		b.press("q")
	}},
}
