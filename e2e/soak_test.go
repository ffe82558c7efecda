package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	// soakers are visitors, each of whom does something every soakEvery: 50 things a second together.
	soakers   = 16
	soakEvery = soakers * time.Second / 50
	// looks is how often everything is looked at in all, soakParts into how many parts they fall behind the time of warming up.
	looks, soakParts = 300, 10
	// settles is how long requests may fail that were under way when the links were reset.
	settles = 10 * time.Second
	// windowFull is more requests than the agent keeps, as every second one is the program's.
	windowFull = 22_000
)

// soak is a busy world under a steady, moderate load for a long time, and what its processes held meanwhile.
type soak struct {
	*busy
	stop    chan struct{}
	over    sync.WaitGroup
	failed  atomic.Int64 // downloads and upgraded connections that did not begin, or were cut
	done    atomic.Int64
	looks   []look
	resets  int
	judging time.Duration // of the load
}

// An hour (ADIT_SOAK) of small requests, uploads, downloads, downloads that are broken off, upgraded connections, visitors that come again, and a reset of all
// links every few minutes: nothing grows, no answer is wrong, and no request fails but beside a reset.
func TestLongSoak(t *testing.T) {
	long(t)
	s := newSoak(t)
	fresh := freshAgent(t)
	s.busy = newBusy(t)
	s.requests(windowFull)
	began := time.Now()
	for i := range soakers {
		s.over.Go(func() { s.visit(i) })
	}
	s.over.Go(s.watch)
	s.disturb()
	close(s.stop)
	s.over.Wait()
	s.reset() // what an agent has then is of sessions that have ended
	report(t, fmt.Sprintf("%d requests, %d other connections and %d resets of all links in %v: %s; %d others failed", s.load.total(), s.done.Load(), s.resets,
		time.Since(began).Round(time.Second), s.load.verdicts(), s.failed.Load()))
	s.demand(fresh)
}

func newSoak(t *testing.T) *soak {
	s := &soak{stop: make(chan struct{}), judging: time.Hour}
	if text := os.Getenv("ADIT_SOAK"); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil || d < 3*settles {
			t.Fatalf("ADIT_SOAK=%s: a duration of at least %v", text, 3*settles)
		}
		s.judging = d
	}
	return s
}

// demand judges what was seen, and what is left.
func (s *soak) demand(fresh int) {
	for _, line := range grown(s.looks, func(text string) { report(s.t, text) }) {
		s.t.Error(line)
	}
	s.truth()
	if left := s.left(fresh); left != "" {
		s.t.Errorf("left behind: %s", left)
	}
	s.asBefore(s.crowd, s.before, s.relayBefore)
}

// visit is one visitor after another at the same place: each does a hundred things and leaves.
func (s *soak) visit(place int) {
	v := s.visitor(place)
	tick := time.NewTicker(soakEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-tick.C:
		case <-s.stop:
			s.load.leaves(v)
			return
		}
		s.does(v, n)
		if n%100 == 0 {
			s.load.leaves(v)
			v = s.visitor(place)
		}
	}
}

func (s *soak) visitor(place int) *visitor {
	return &visitor{addr: s.public, host: s.hostOf(place), keeps: place/2%2 == 0, service: s.service}
}

// does is the mixture.
func (s *soak) does(v *visitor, n int) {
	var err error
	switch id := s.load.last.Add(1); {
	case n%20 == 10:
		err = s.abort(v.host, n%40 == 10)
	case n%20 == 0:
		err = s.echoes(v.host, id)
	case n%4 == 1:
		s.load.put(v, nth(id))
		return
	default:
		s.load.put(v, each(id))
		return
	}
	s.done.Add(1)
	if err != nil {
		s.failed.Add(1)
	}
}

// echoes is a connection that is upgraded; each piece of what is sent must come back.
func (s *soak) echoes(host string, id int64) error {
	c, err := net.Dial("tcp", s.public)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(hangs))
	fmt.Fprintf(c, "GET /echo HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", host)
	in := bufio.NewReader(c)
	a, err := http.ReadResponse(in, nil)
	if err != nil || a.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("no upgrade: %v", err)
	}
	got := make([]byte, 1<<10)
	for piece := range slices.Chunk(pattern(id, 8<<10), len(got)) {
		if _, err := c.Write(piece); err != nil {
			return err
		}
		if _, err := io.ReadFull(in, got); err != nil {
			return err
		}
		if !bytes.Equal(got, piece) {
			s.t.Errorf("an upgraded connection brings content of another: %q", got[:16])
		}
	}
	return nil
}

// echo is the service's side of that.
func echo(w http.ResponseWriter) {
	c, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer c.Close()
	if _, err := io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n"); err == nil {
		_, _ = io.Copy(struct{ io.Writer }{c}, in)
	}
}

// disturb resets all links every now and then until the time is over. Between the resets nothing may fail.
func (s *soak) disturb() {
	every := min(max(s.judging/15, 3*settles/2), 4*time.Minute)
	for end := time.Now().Add(s.judging); time.Now().Before(end); {
		before := s.failures()
		s.pass(min(every-settles, time.Until(end)))
		if n := s.failures() - before; n > 0 {
			s.t.Errorf("%d failed while no link was reset: %s", n, s.examples())
		}
		s.reset()
		s.resets++
		s.pass(settles)
		s.load.mu.Lock()
		s.load.examples = [verdicts][]string{}
		s.load.mu.Unlock()
	}
}

func (s *soak) failures() int {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	return s.load.failed() + int(s.failed.Load())
}

func (s *soak) examples() string {
	s.load.mu.Lock()
	defer s.load.mu.Unlock()
	return strings.Join(slices.Concat(s.load.examples[:]...), "\n")
}

// watch looks until the load is over; what it sees of the first sixth is warming up.
func (s *soak) watch() {
	began := time.Now()
	tick := time.NewTicker(s.judging / looks)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-s.stop:
			return
		}
		if now := s.look(); time.Since(began) > s.judging/6 {
			s.looks = append(s.looks, now)
		}
	}
}

// look is what the processes hold at one moment, in the order of held things.
type look [len(heldThings)]float64

// heldThings must not grow. Margins are generous, because what they are to find is large: a thing for each request is 180,000 in an hour, a KiB for each 180
// MiB, and a thing for each session that was lost 150. Numbers swing by who is there at the moment; memory with the collector, which lets it grow to twice
// what lives, and with the race detector's own.
var heldThings = [...]struct {
	name          string
	share, beyond float64 // the margin: a share of what was, and so many
}{
	{"relay: goroutines", 0, 50}, {"relay: descriptors", 0, 50}, {"relay: streams", 0, 50}, {"relay: heap, MiB", 0.25, 16},
	{"relay: resident, MiB", 0.25, 16}, {"agent: descriptors", 0, 50}, {"agent: resident, MiB", 0.25, 16},
	{"agents of the library: goroutines", 0, 50}, {"agents of the library: descriptors", 0, 50}, {"agents of the library: resident, MiB", 0.25, 16},
	{"local connections", 0, 50},
}

func (s *soak) look() look {
	f, many := s.figures(), s.crowd.held(s.world)
	mib := func(bytes float64) float64 { return bytes / mebi }
	return look{
		f["go_goroutines"], float64(files(s.relay)), f["adit_streams"], mib(f["go_memstats_heap_alloc_bytes"]),
		mib(float64(resident(s.relay))), float64(files(s.agent)), mib(float64(resident(s.agent))),
		float64(many.Goroutines), float64(many.files), mib(float64(resident(s.crowd.process))),
		float64(s.local.open.Load()),
	}
}

// grown says what has grown: where the medians of the last three parts are all above those of the first three by more than the margin. One odd part
// is no growth. It tells all medians.
func grown(all []look, tell func(string)) (lines []string) {
	if len(all) < soakParts {
		return []string{fmt.Sprintf("only %d looks", len(all))}
	}
	for i, thing := range heldThings {
		var medians []float64
		for part := range soakParts {
			var values []float64
			for _, l := range all[part*len(all)/soakParts : (part+1)*len(all)/soakParts] {
				values = append(values, l[i])
			}
			slices.Sort(values)
			medians = append(medians, values[len(values)/2])
		}
		tell(fmt.Sprintf("%s: %.0f", thing.name, medians))
		first, last := slices.Max(medians[:3]), slices.Min(medians[soakParts-3:])
		if last > first+thing.share*first+thing.beyond {
			lines = append(lines, fmt.Sprintf("%s grew from %.0f to %.0f", thing.name, first, last))
		}
	}
	return lines
}

// The judge of the soak sees growth, and takes neither a swing nor one odd part for it.
func TestSoakJudge(t *testing.T) {
	const n = 200
	for name, x := range map[string]struct {
		at   func(i int) float64
		want int
	}{
		"flat":    {func(int) float64 { return 100 }, 0},
		"swings":  {func(i int) float64 { return 100 + float64(i%7)*10 }, 0},
		"odd end": {func(i int) float64 { return 100 + float64(i/(n-n/soakParts))*1000 }, 0},
		"grows":   {func(i int) float64 { return 100 + float64(i) }, 1},
	} {
		all := make([]look, n)
		for i := range all {
			all[i][0] = x.at(i)
		}
		if got := grown(all, func(string) {}); len(got) != x.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if len(grown(nil, func(string) {})) == 0 {
		t.Error("nothing was looked at, and nothing is said")
	}
}
