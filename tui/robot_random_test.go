package tui

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
)

var seeds = flag.Int("seeds", 4, "how many random users there are")

// TestRandomUser: whatever is pressed, in whatever size, while requests come: nothing panics, every frame is one, the selection never moves by itself, and
// no secret is seen that nobody wants to see; with mask-all, which every fourth user has, none at all. The seed that is reported does the same again.
func TestRandomUser(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("TMPDIR", t.TempDir())
	t.Setenv("PAGER", "a-pager")
	t.Setenv("VISUAL", "")
	t.Setenv("EDITOR", "an-editor")
	for seed := range *seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			u := newRandomUser(t, uint64(seed))
			for range 500 {
				u.step()
				frame := strings.Join(u.lines(u.m.look.Width, u.m.height), "\n")
				if secret := secrets.FindString(frame); secret != "" && !u.shows() {
					t.Errorf("%q is to be read", secret)
				}
				if t.Failed() {
					t.Fatalf("after %s", strings.Join(u.did[max(len(u.did)-30, 0):], ", "))
				}
			}
		})
	}
}

// randomUser does anything, by chance.
type randomUser struct {
	*kept
	*rand.Rand
	did []string
	n   int // exchanges
}

func newRandomUser(t *testing.T, seed uint64) *randomUser {
	t.Helper()
	u := &randomUser{kept: newKept(t, 100, 30), Rand: rand.New(rand.NewPCG(seed, 8))}
	u.m.work.exec = func(_ *exec.Cmd, done func(error) tea.Msg) tea.Cmd {
		return func() tea.Msg { return done(errors.New("exit status 1")) }
	}
	u.m.maskAll, u.m.mouse.taken = seed%4 == 3, true
	t.Cleanup(u.m.work.sweep)
	for _, filter := range []string{"status:>=400", "path:/hooks/*"} {
		if err := u.SaveView(t.Context(), inspect.View{Name: filter[:4], Filter: filter}); err != nil {
			t.Fatal(err)
		}
	}
	u.second()
	u.arrive()
	return u
}

// step does one thing.
func (u *randomUser) step() {
	u.t.Helper()
	switch n := u.IntN(100); {
	case n < 62:
		u.do(keyOf(pick(u.Rand, u.goodKeys())))
	case n < 74:
		u.do(keyOf(pick(u.Rand, u.anyKeys())))
	case n < 77:
		u.byName(pick(u.Rand, []string{pick(u.Rand, u.m.actions).id, "purge"}))
	case n < 85:
		u.arrive()
	case n < 89:
		u.tell(tea.WindowSizeMsg{Width: pick(u.Rand, everyWidth), Height: pick(u.Rand, everyHeight)})
	case n < 93:
		u.now = u.now.Add(time.Duration(u.IntN(12)) * time.Second)
		u.send(beat{u.f.Status()}) // the next beat is not waited for
		u.fill()
		u.did = append(u.did, "a beat")
	case n < 98:
		button := pick(u.Rand, []tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown})
		u.do(tea.MouseMsg{X: u.IntN(u.m.look.Width), Y: u.IntN(u.m.height), Action: tea.MouseActionPress, Button: button})
	case n < 99:
		u.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("pasted " + evil), Paste: true})
	default:
		st := busy()
		st.State = pick(u.Rand, []inspect.SessionState{inspect.Online, inspect.Reconnecting, inspect.Connecting})
		u.f.set(st)
	}
}

// byName does an action through the palette.
func (u *randomUser) byName(id string) {
	if u.m.where()&onPanes == 0 {
		return
	}
	u.do(keyOf(":"))
	u.do(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(id)})
	u.do(keyOf("enter"))
}

func pick[T any](rnd *rand.Rand, of []T) T { return of[rnd.IntN(len(of))] }

// shows says that secrets may be seen: a key has shown them, or they are being edited.
func (u *randomUser) shows() bool {
	return !u.m.maskAll && (u.m.now.Before(u.m.detail.bare) || u.m.where()&(onLine|onArea) != 0)
}

// anyKeys are some that may mean something anywhere. In a form there are no digits: a run that goes on for days would be waited for.
func (u *randomUser) anyKeys() []string {
	if u.m.where() == onForm {
		return []string{"space", "tab", "enter", "esc", "x", "日"}
	}
	return strings.Fields("1 2 3 4 5 6 7 8 9 0 a b c d h j p q s x y / : ( $ . 日 \x1b e\u0301 enter esc space tab")
}

// goodKeys are those that do something where the keyboard is: of a menu its letters, else those of the table; seldom the ones that work everywhere.
func (u *randomUser) goodKeys() (keys []string) {
	if menu, ok := u.m.top().(*menuSheet); ok && u.IntN(2) == 0 {
		for _, c := range menu.choices {
			keys = append(keys, cmp.Or(c.key, "enter"))
		}
		return keys
	}
	everywhere := u.IntN(20) == 0
	for i := range u.m.actions {
		a := &u.m.actions[i]
		for key := range strings.FieldsSeq(a.keys) {
			if a.at(key)&u.m.where() != 0 && (a.on != onAll || everywhere) {
				keys = append(keys, key)
			}
		}
	}
	return keys
}

// do is what the person does; what comes of it is run.
func (u *randomUser) do(msg tea.Msg) {
	u.t.Helper()
	u.did = append(u.did, fmt.Sprint(msg))
	u.follow(u.send(msg))
}

// follow runs a command, and what it leads to.
func (u *randomUser) follow(cmd tea.Cmd) {
	u.t.Helper()
	if cmd == nil {
		return
	}
	msg := cmd()
	all, several := sequence(msg)
	if batch, ok := msg.(tea.BatchMsg); ok {
		all, several = batch, true
	}
	if several {
		for _, c := range all {
			u.follow(c)
		}
		return
	}
	if p, ok := msg.(*PanicError); ok {
		u.t.Fatalf("%v, after %v\n%s", p, u.did[max(len(u.did)-30, 0):], p.Stack)
	}
	u.tell(msg)
}

// tell gives the model a message that is no key's: the selection stays.
func (u *randomUser) tell(msg tea.Msg) {
	u.t.Helper()
	if msg == nil {
		return
	}
	if s, ok := msg.(tea.WindowSizeMsg); ok {
		u.did = append(u.did, fmt.Sprintf("%dx%d", s.Width, s.Height))
	}
	before := u.chosen()
	cmd := u.send(msg)
	if after := u.chosen(); after != before && !isPurge(msg) {
		u.t.Errorf("%T moved the selection from row %d to %d", msg, before, after)
	}
	u.follow(cmd)
}

// arrive records some exchanges: new ones, later states, replays, failures and what is hostile.
func (u *randomUser) arrive() {
	for range 1 + u.IntN(20) {
		u.n++
		x := exchange(u.n, pick(u.Rand, []string{"GET", "POST", "DELETE"}), fmt.Sprintf("/hooks/%d?token=secret", u.IntN(9)), pick(u.Rand, []int{200, 304, 404, 500}), "Said")
		switch u.IntN(8) {
		case 0:
			x = failed(u.n, "POST", "/failed")
		case 1:
			x = hook(u.n)
		case 2:
			x.ReplayOf = exchange(1+u.IntN(u.n), "", "", 0, "").ID
		case 3:
			x.State, x.Response = inspect.Pending, nil
		case 4:
			x.Request.Target, x.Response.Reason = "/"+evil, evil
		}
		u.Record(x)
		if u.IntN(4) == 0 && u.n > 1 { // an earlier one goes on
			u.Record(exchange(1+u.IntN(u.n-1), "GET", "/later", 200, "OK"))
		}
	}
	before := u.chosen()
	u.sync()
	if after := u.chosen(); after != before {
		u.t.Errorf("what came moved the selection from row %d to %d", before, after)
	}
}
