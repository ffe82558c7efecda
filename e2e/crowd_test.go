package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/adit-tunnel/adit/agent"
)

// beCrowd makes the test binary run as a crowd: many agents of the library in one process, each with an endpoint that leads to the same service.
const beCrowd = "ADIT_TEST_BE_CROWD"

// crowd is such a process.
type crowd struct {
	*process
	n     int
	pages string // its address
}

// member is an agent of the crowd; the service sees the name as Host.
func member(i int) string { return "agent-" + strconv.Itoa(i) }

// crowdMain runs args[4] agents that join the relay args[0] with the pin args[1] and the token args[2], and lead to the service args[3]. It
// prints a line for each name that was bound: whose, which and when. It ends by a signal.
func crowdMain(args []string) error {
	n, err := strconv.Atoi(args[4])
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("pages", ln.Addr())
	all := make([]*agent.Agent, n)
	for i := range all {
		a, err := agent.New(agent.Options{Relay: args[0], Pin: args[1], Token: args[2], Version: "crowd"})
		if err == nil {
			err = a.Forward(agent.Endpoint{Name: "web", Upstream: args[3], HostHeader: member(i)})
		}
		if err != nil {
			return err
		}
		all[i] = a
		go tell(i, a.Events(context.Background()))
		go func() { fmt.Println("ended", i, a.Run(context.Background())) }()
	}
	http.HandleFunc("/held", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(holds(all)) })
	http.HandleFunc("/stacks", func(w http.ResponseWriter, _ *http.Request) { _ = pprof.Lookup("goroutine").WriteTo(w, 1) })
	return http.Serve(ln, nil)
}

func tell(i int, events func(func(agent.Event) bool)) {
	for e := range events {
		if e, ok := e.(agent.EndpointOnline); ok {
			fmt.Println("online", i, e.URL, e.At.UnixNano())
		}
	}
}

// held is what a crowd has, and what its agents have counted.
type held struct {
	Goroutines            int
	Conns, Open, Requests int64
	files                 int
}

func (h held) String() string {
	return fmt.Sprintf("goroutines %d, files %d, connections %d (%d open), requests %d", h.Goroutines, h.files, h.Conns, h.Open, h.Requests)
}

func holds(all []*agent.Agent) held {
	h := held{Goroutines: runtime.NumGoroutine()}
	for _, a := range all {
		s := a.Status()
		h.Conns += s.Conns.Count
		h.Open += s.Conns.Open
		h.Requests += s.Requests.Count
	}
	return h
}

// gather starts a crowd that joins the world's relay at link, and waits until all of it is online.
func (w *world) gather(n int, link string) *crowd {
	w.t.Helper()
	p := start(w.t, append(w.env, beCrowd+"=1"), link, w.pin, w.token, "http://127.0.0.1:"+w.local.port, strconv.Itoa(n))
	c := &crowd{process: p, n: n, pages: p.waitFor(p.stdout, `^pages (\S+)`)[1]}
	c.await(time.Time{})
	if full() { // alone on the machine: beside the other tests it would get next to nothing
		c.elsewhere()
	}
	return c
}

// elsewhere lets the crowd run when nobody else wants a processor: it stands for as many other machines.
func (c *crowd) elsewhere() {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", c.cmd.Process.Pid))
	for _, task := range tasks {
		id, _ := strconv.Atoi(filepath.Base(task))
		_ = syscall.Setpriority(syscall.PRIO_PROCESS, id, 19)
	}
}

// bound is one time that a member got a name.
type bound struct {
	url string
	at  time.Time
}

// bounds are all times, by member.
func (c *crowd) bounds() [][]bound {
	out := make([][]bound, c.n)
	all, _ := c.stdout.snapshot()
	for _, line := range all {
		f := strings.Fields(line)
		if len(f) == 4 && f[0] == "online" {
			i, _ := strconv.Atoi(f[1])
			ns, _ := strconv.ParseInt(f[3], 10, 64)
			out[i] = append(out[i], bound{f[2], time.Unix(0, ns)})
		}
	}
	return out
}

// backWithin is five times what is promised.
const backWithin = 5 * 30 * time.Second

// await waits until each member has got its name since then, the one it had, and returns when that was. It may get it once more: who is kept from
// running for seconds takes that for sleep, and makes a new session.
func (c *crowd) await(since time.Time) (at []time.Time) {
	c.t.Helper()
	for deadline := time.Now().Add(backWithin); ; time.Sleep(20 * time.Millisecond) {
		at = at[:0]
		for _, all := range c.bounds() {
			if i := slices.IndexFunc(all, func(b bound) bool { return b.at.After(since) }); i >= 0 {
				at = append(at, all[i].at)
			}
		}
		if len(at) == c.n {
			break
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("only %d of %d agents have their URLs", len(at), c.n)
		}
	}
	for i, all := range c.bounds() {
		for _, b := range all {
			if b.url != all[0].url {
				c.t.Errorf("agent %d had %s, has %s", i, all[0].url, b.url)
			}
		}
	}
	return at
}

// hosts are the members' public names.
func (c *crowd) hosts() (all []string) {
	for _, b := range c.bounds() {
		all = append(all, strings.TrimPrefix(b[0].url, "http://"))
	}
	return all
}

// held is what the crowd has: the most of a few looks, because each look is itself a connection that takes a moment to go.
func (c *crowd) held(w *world) (most held) {
	for range 5 {
		var h held
		decode(c.t, w.page("http://"+c.pages+"/held"), &h)
		h.Goroutines, h.files = max(most.Goroutines, h.Goroutines), max(most.files, files(c.process))
		most = h
	}
	return most
}

// within leaves the counters out.
func (h held) within(before held) bool {
	return h.Goroutines <= before.Goroutines && h.files <= before.files
}

// and is h with n more of each.
func (h held) and(n int) held {
	h.Goroutines, h.files = h.Goroutines+n, h.files+n
	return h
}

// answer asks each member's URL until it answers: the right agent must.
func (c *crowd) answer(w *world) {
	c.t.Helper()
	for i, host := range c.hosts() {
		var got, page string
		eventually(c.t, host+" answers", func() bool {
			got, page = w.whoAnswers(host)
			return page == ""
		})
		if got != member(i) {
			c.t.Errorf("%s of %s: %s has answered", host, member(i), got)
		}
	}
}

// whoAnswers is the agent behind a host, or the relay's page that says why there is none.
func (w *world) whoAnswers(host string) (name, page string) {
	q, err := http.NewRequest("GET", "http://"+w.public+"/0", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	q.Host = host
	a, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(q)
	if err != nil {
		return "", err.Error()
	}
	_ = a.Body.Close()
	return a.Header.Get("X-Host"), a.Header.Get("Adit-Error")
}

// named has the service say which Host it was asked for.
func named(h http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("X-Host", q.Host)
		h.ServeHTTP(w, q)
	}
}

// full says whether the numbers are those that are promised, or smaller ones that show mistakes quickly.
func full() bool { return os.Getenv("ADIT_TEST_LONG") != "" || os.Getenv("ADIT_TEST_FAULTS") != "" }

// beside lets t run beside others, but where its numbers are wanted.
func beside(t *testing.T) {
	if !full() {
		t.Parallel()
	}
}

// report prints what was measured: always where that is what the run is for.
func report(t *testing.T, text string) {
	t.Helper()
	if full() {
		fmt.Println(text)
		return
	}
	t.Log(text)
}
