package relay

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/relay/control"
	"github.com/adit-tunnel/adit/relay/registry"
	"github.com/adit-tunnel/adit/relay/session"
	"github.com/adit-tunnel/adit/wire"
)

// newTestPorts has n ports that were free a moment ago.
func newTestPorts(t *testing.T, n int) *publicPorts {
	t.Helper()
	first := freePorts(t, n)
	p := &publicPorts{
		first: first, last: first + n - 1, host: "127.0.0.1", domain: "tunnel.test", key: make([]byte, keySize), registry: registry.New(nil),
		door: func(ctx context.Context, limit time.Duration, addr string) (net.Listener, error) {
			return listenWithin(ctx, limit, addr, slog.New(slog.DiscardHandler))
		},
		serve: fakeEdge, run: func(f func()) { go f() }, failed: make(chan error, 1), open: map[int]*publicPort{},
		bespoken: func(string) (int, bool) { return 0, false },
	}
	t.Cleanup(p.close)
	return p
}

// freePorts is the first of n ports in a row that nobody has, nor gets by asking for any.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		first, free := 20000+rand.IntN(10000), true
		for port := first; port < first+n && free; port++ {
			ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
			if free = err == nil; free {
				ln.Close()
			}
		}
		if free {
			return first
		}
	}
	t.Fatalf("no %d ports in a row are free", n)
	return 0
}

func (p *publicPorts) ask(t *testing.T, account, name string, port int) (*registry.Endpoint, func(), error) {
	t.Helper()
	e := &registry.Endpoint{Account: account, Instance: account + "'s", Name: name, Protocol: wire.ProtocolTCP}
	release, err := p.place(context.Background(), e, session.Wish{Port: port})
	if err == nil {
		if _, err = p.registry.Bind(e, registry.Claim{}); err != nil {
			release()
		}
	}
	return e, release, err
}

func listens(t *testing.T, port int) bool {
	t.Helper()
	c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err == nil {
		c.Close()
	}
	return err == nil
}

func TestPublicPorts(t *testing.T) {
	p := newTestPorts(t, 40)
	e, release, err := p.ask(t, "acme", "ssh", 0)
	if err != nil || e.Host != "tunnel.test" || e.URL != "tcp://tunnel.test:"+strconv.Itoa(e.Port) || !listens(t, e.Port) {
		t.Fatalf("%+v %v", e, err)
	}
	other, _, err := p.ask(t, "acme", "db", 0)
	if err != nil || other.Port == e.Port {
		t.Fatalf("%+v %v", other, err)
	}
	p.registry.Unbind(e)
	release()
	if listens(t, e.Port) {
		t.Error("a port that was given back is open")
	}
	again, _, err := p.ask(t, "acme", "ssh", 0)
	if err != nil || again.Port != e.Port {
		t.Errorf("it had %d, and has %d, %v", e.Port, again.Port, err)
	}
	_, _, err = p.ask(t, "emca", "ssh", e.Port)
	wantCode(t, err, wire.CodeNameTaken)
	if !listens(t, e.Port) {
		t.Error("somebody's wish has closed the port")
	}
	_, _, err = p.ask(t, "emca", "ssh", p.last+1)
	wantCode(t, err, wire.CodeBadName)
	_, err = p.place(t.Context(), &registry.Endpoint{}, session.Wish{Host: "other.test"})
	wantCode(t, err, wire.CodeBadName)
	_, err = p.place(t.Context(), &registry.Endpoint{}, session.Wish{Port: p.first, Grant: control.Grant{Limits: control.Limits{RandomOnly: true}}})
	wantCode(t, err, wire.CodeRandomOnly)
	var none *publicPorts
	_, err = none.place(t.Context(), &registry.Endpoint{}, session.Wish{})
	wantCode(t, err, wire.CodeUnsupported)
}

// TestPublicPortsUsed: a port that another program has is passed over, or refused to who wants just that; when there is none left it is said.
func TestPublicPortsUsed(t *testing.T) {
	p := newTestPorts(t, 2)
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(p.first)))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, _, err = p.ask(t, "acme", "ssh", p.first)
	wantCode(t, err, wire.CodePortTaken)
	e, _, err := p.ask(t, "acme", "ssh", 0)
	if err != nil || e.Port != p.last {
		t.Fatalf("%+v %v", e, err)
	}
	_, _, err = p.ask(t, "acme", "db", 0)
	wantCode(t, err, wire.CodePortTaken)
}

// TestPublicPortsGivenUp: who has bound and unbound every port of a small range keeps one of them from others, and none from itself.
func TestPublicPortsGivenUp(t *testing.T) {
	p := newTestPorts(t, 4)
	ask := func(account, name string) *registry.Endpoint {
		t.Helper()
		e, release, err := p.ask(t, account, name, 0)
		if err != nil {
			t.Fatalf("%s of %s: %v", name, account, err)
		}
		p.registry.Unbind(e)
		release()
		return e
	}
	first := ask("greedy", "0")
	for i := 1; i < 4; i++ {
		time.Sleep(time.Millisecond) // which of them has waited longest is to be seen
		ask("greedy", strconv.Itoa(i))
	}
	if e := ask("acme", "ssh"); e.Port != first.Port || ask("acme", "ssh").Port != e.Port {
		t.Errorf("it got %d, and %d had waited longest", e.Port, first.Port)
	}
	for _, account := range []string{"bob", "carol"} {
		ask(account, "ssh")
	}
	_, _, err := p.ask(t, "dave", "ssh", 0)
	wantCode(t, err, wire.CodePortTaken)
	ask("greedy", "another")
}

// TestPublicPortsAtOnce: who looks for a port while the same one is being opened for somebody else gets another.
func TestPublicPortsAtOnce(t *testing.T) {
	p := newTestPorts(t, 2)
	alike := func(account string) bool {
		return p.derived(&registry.Endpoint{Account: account, Instance: account + "'s", Name: "ssh"})%2 == 0
	}
	accounts := []string{}
	for i := 0; len(accounts) < 2; i++ {
		if account := strconv.Itoa(i); alike(account) {
			accounts = append(accounts, account)
		}
	}
	second := &registry.Endpoint{Account: accounts[1], Instance: accounts[1] + "'s", Name: "ssh", Protocol: wire.ProtocolTCP}
	open := p.door
	p.door = func(ctx context.Context, limit time.Duration, addr string) (net.Listener, error) {
		p.door = open
		soon, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		if _, err := p.place(soon, second, session.Wish{}); err != nil {
			t.Error(err)
		}
		return open(ctx, limit, addr)
	}
	first, _, err := p.ask(t, accounts[0], "ssh", 0)
	if err != nil || first.Port == second.Port {
		t.Errorf("%d and %d: %v", first.Port, second.Port, err)
	}
}

// TestPublicPortsDuringSuccession: the agent is told to ask again, not that there is no port.
func TestPublicPortsDuringSuccession(t *testing.T) {
	p := newTestPorts(t, 3)
	tries := 0
	p.door = func(context.Context, time.Duration, string) (net.Listener, error) {
		tries++
		return nil, errSuccession
	}
	for i, port := range []int{0, p.first} {
		var re *registry.Error
		if _, _, err := p.ask(t, "acme", "ssh", port); !errors.As(err, &re) || re.Code != wire.CodeRelayStopping || re.Code.Info().Fatal {
			t.Errorf("port %d: %v", port, err)
		}
		if tries != i+1 {
			t.Errorf("%d ports were tried", tries)
		}
	}
}

// TestPublicPortsAreNotSwapped: endpoints of one agent whose ports are derived alike get their own ones back in whichever order they come.
func TestPublicPortsAreNotSwapped(t *testing.T) {
	p := newTestPorts(t, 6)
	names := []string{"a", "b", "c", "d"}
	had := map[string]int{}
	var held []*registry.Endpoint
	var give []func()
	for _, name := range names {
		e, release, err := p.ask(t, "acme", name, 0)
		if err != nil {
			t.Fatal(err)
		}
		had[name] = e.Port
		held, give = append(held, e), append(give, release)
	}
	for i, e := range held {
		p.registry.Lose(e)
		give[i]()
	}
	for i := range names {
		name := names[len(names)-1-i]
		e, _, err := p.ask(t, "acme", name, 0)
		if err != nil || e.Port != had[name] {
			t.Errorf("%s had %d, has %d, %v", name, had[name], e.Port, err)
		}
	}
}

// TestPublicPortsShareFiles: listeners take from the relay's files. The last quarter of them is for accounts that have none, what is left of the process before counts,
// and what is given back can be had again.
func TestPublicPortsShareFiles(t *testing.T) {
	p := newTestPorts(t, 40)
	all := budget.New(8)
	p.files = newPortFiles(all, 40, discard)
	had := map[string]func(){}
	ask := func(account, name string) error {
		t.Helper()
		e, release, err := p.ask(t, account, name, 0)
		if err == nil {
			had[name] = func() { p.registry.Unbind(e); release() }
		}
		return err
	}
	many := func(account string, n int) {
		t.Helper()
		for i := range n {
			if err := ask(account, account+strconv.Itoa(i)); err != nil {
				t.Fatalf("%s's port %d: %v", account, i, err)
			}
		}
		wantCode(t, ask(account, "more"), wire.CodeRelayBusy)
	}
	many("greedy", 6)
	for _, account := range []string{"bob", "carol"} {
		if err := ask(account, account); err != nil {
			t.Fatal(err)
		}
	}
	wantCode(t, ask("dave", "dave"), wire.CodeRelayBusy)
	if all.Held() != 8 {
		t.Errorf("%d files are taken", all.Held())
	}
	had["bob"]()
	p.bespoken = func(string) (int, bool) { return 1, false }
	wantCode(t, ask("dave", "dave"), wire.CodeRelayBusy)
	p.bespoken = func(string) (int, bool) { return 0, false }
	if err := ask("dave", "dave"); err != nil {
		t.Error(err)
	}
	delete(had, "bob")
	for _, give := range had {
		give()
	}
	if all.Held() != 0 || len(p.files.of) != 0 {
		t.Errorf("%d files are still taken, by %v", all.Held(), p.files.of)
	}
}

// TestPublicPortsTakenOver: an account gets all ports back that it had before the relay was replaced, though no other could get as many anew, and no port beside them.
func TestPublicPortsTakenOver(t *testing.T) {
	p := newTestPorts(t, 20)
	all := budget.New(8)
	p.files = newPortFiles(all, 20, discard)
	before := newDoors(nil, discard)
	for port := p.first; port < p.first+8; port++ {
		ln, err := before.listen(t.Context(), 0, portsPurpose, net.JoinHostPort(p.host, strconv.Itoa(port)))
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
	}
	files, err := before.copies()
	if err != nil {
		t.Fatal(err)
	}
	before.pass()
	next := newDoors(files, discard)
	defer next.forget()
	p.bespoken = func(addr string) (int, bool) { return next.unwanted(portsPurpose, addr) }
	p.door = func(ctx context.Context, limit time.Duration, addr string) (net.Listener, error) {
		return next.listen(ctx, limit, portsPurpose, addr)
	}
	var give []func()
	for i := range 8 {
		if _, _, err := p.ask(t, "acme", "another", p.last); err == nil {
			t.Error("a port was opened with a file that is somebody's")
		}
		e, release, err := p.ask(t, "acme", strconv.Itoa(i), p.first+i)
		if err != nil || !listens(t, e.Port) {
			t.Fatalf("port %d of 8: %v", i+1, err)
		}
		give = append(give, release)
	}
	if all.Held() != 8 {
		t.Errorf("%d files are taken", all.Held())
	}
	for _, release := range give {
		release()
	}
}

// TestPublicPortsWithoutFiles: when the process has no file left no port is to blame, and the agent asks again.
func TestPublicPortsWithoutFiles(t *testing.T) {
	p := newTestPorts(t, 3)
	tries := 0
	p.door = func(context.Context, time.Duration, string) (net.Listener, error) {
		tries++
		return nil, &net.OpError{Op: "listen", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	}
	for i, port := range []int{0, p.first} {
		_, _, err := p.ask(t, "acme", "ssh", port)
		wantCode(t, err, wire.CodeRelayBusy)
		if tries != i+1 {
			t.Errorf("%d ports were tried", tries)
		}
	}
}
