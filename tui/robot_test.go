package tui

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

// robot is a person before a dashboard that runs as it does under Bubble Tea: its commands run beside it, and what they say comes when it comes. It
// looks at each frame, presses keys, and waits for what it expects to see.
type robot struct {
	*kept
	msgs  chan tea.Msg
	going int      // commands under way
	never []string // what no frame may show
}

// forbearance is how long a robot waits for what it expects. It is met in a moment, or never.
const forbearance = 60 * time.Second

func newRobot(t *testing.T, width, height int) *robot {
	t.Helper()
	r := &robot{kept: newKept(t, width, height), msgs: make(chan tea.Msg)}
	ctx, end := context.WithCancel(t.Context())
	w := &r.m.work
	w.root, w.feed.done = ctx, ctx.Done()
	r.start(r.m.Init())
	t.Cleanup(func() {
		end()
		r.until(func() bool { return r.going == 0 }, "all commands have ended")
	})
	return r
}

// start runs a command beside the robot.
func (r *robot) start(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	r.going++
	go func() { r.msgs <- cmd() }()
}

// take gives the model what a command has said. Only a key moves the selection.
func (r *robot) take(msg tea.Msg) {
	r.t.Helper()
	r.going--
	if inOrder, ok := sequence(msg); ok {
		r.going += len(inOrder)
		go func() {
			for _, cmd := range inOrder {
				r.msgs <- cmd()
			}
		}()
		return
	}
	switch msg := msg.(type) {
	case nil:
		return
	case tea.BatchMsg:
		for _, cmd := range msg {
			r.start(cmd)
		}
		return
	case *PanicError:
		r.t.Fatalf("%v\n%s", msg, msg.Stack)
	}
	before := r.chosen()
	r.start(r.send(msg))
	if after := r.chosen(); after != before && !isPurge(msg) {
		r.t.Errorf("%T moved the selection from row %d to %d", msg, before, after)
	}
	r.look()
}

// isPurge: what was selected may have gone with what the person has purged.
func isPurge(msg tea.Msg) bool {
	d, ok := msg.(deleted)
	return ok && d.rows == nil
}

// sequence are the commands of tea.Sequence, whose message has no name.
func sequence(msg tea.Msg) (cmds []tea.Cmd, ok bool) {
	if _, batch := msg.(tea.BatchMsg); batch || msg == nil || reflect.TypeOf(msg).Kind() != reflect.Slice {
		return nil, false
	}
	v := reflect.ValueOf(msg)
	if !v.CanConvert(reflect.TypeFor[[]tea.Cmd]()) {
		return nil, false
	}
	return v.Convert(reflect.TypeFor[[]tea.Cmd]()).Interface().([]tea.Cmd), true
}

// look checks the frame.
func (r *robot) look() {
	r.t.Helper()
	frame := strings.Join(r.lines(r.m.look.Width, r.m.height), "\n")
	for _, text := range r.never {
		if strings.Contains(frame, text) {
			r.t.Fatalf("the screen shows %q:\n%s", text, frame)
		}
	}
}

// until takes messages until something holds.
func (r *robot) until(holds func() bool, what string) {
	r.t.Helper()
	enough := time.NewTimer(forbearance)
	defer enough.Stop()
	for !holds() {
		select {
		case msg := <-r.msgs:
			r.take(msg)
		case <-enough.C:
			r.t.Fatalf("it never was so that %s:\n%s", what, r.text())
		}
	}
}

// awaits takes messages until c is closed.
func (r *robot) awaits(c <-chan struct{}) {
	r.t.Helper()
	enough := time.NewTimer(forbearance)
	defer enough.Stop()
	for {
		select {
		case <-c:
			return
		case msg := <-r.msgs:
			r.take(msg)
		case <-enough.C:
			r.t.Fatalf("what was awaited never came:\n%s", r.text())
		}
	}
}

// sees waits until all texts are on the screen.
func (r *robot) sees(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		r.until(func() bool { return strings.Contains(r.text(), text) }, "the screen shows "+text)
	}
}

// misses waits until none of the texts is on the screen.
func (r *robot) misses(texts ...string) {
	r.t.Helper()
	for _, text := range texts {
		r.until(func() bool { return !strings.Contains(r.text(), text) }, "the screen no longer shows "+text)
	}
}

// press types keys, without waiting for what comes of them.
func (r *robot) press(keys ...string) {
	r.t.Helper()
	for _, k := range keys {
		r.start(r.send(keyOf(k)))
		r.look()
	}
}

// write types a text, and enter.
func (r *robot) write(text string) {
	r.t.Helper()
	for _, letter := range text {
		r.press(string(letter))
	}
	r.press("enter")
}

// goTo moves the cursor to the next line that has text.
func (r *robot) goTo(text string) {
	r.t.Helper()
	r.until(func() bool { return strings.Contains(textOf(r.m.detail.doc.lines), text) }, text+" is in the open tab")
	for range 100 {
		if strings.Contains(r.under(), text) {
			return
		}
		r.press("j")
	}
	r.t.Fatalf("no key comes to %q:\n%s", text, r.text())
}

// arrive records exchanges, as requests that come in do.
func (r *robot) arrive(xs ...*inspect.Exchange) {
	for _, x := range xs {
		r.Record(x)
	}
}
