package budget

import (
	"math"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"
)

func TestBudget(t *testing.T) {
	b := New(100)
	if !b.Take(60) || b.Take(41) || !b.Take(40) || b.Take(1) || b.Held() != 100 || b.Size() != 100 {
		t.Fatalf("held %d of %d", b.Held(), b.Size())
	}
	b.Give(40)
	if b.Held() != 60 || !b.Take(1) {
		t.Errorf("held %d", b.Held())
	}
	var none *Budget
	if !none.Take(math.MaxInt64) || none.Held() != 0 || none.Size() != 0 {
		t.Error("no budget bounds something")
	}
	none.Give(1)
}

// However many take at once, never more is out than there is, and all of it comes back.
func TestBudgetAtOnce(t *testing.T) {
	b := New(10)
	var out, refused atomic.Int64
	var over sync.WaitGroup
	for range 8 {
		over.Go(func() {
			for range 10_000 {
				if !b.Take(3) {
					refused.Add(1)
					continue
				}
				if out.Add(3) > 10 {
					t.Error("more is out than there is")
				}
				out.Add(-3)
				b.Give(3)
			}
		})
	}
	over.Wait()
	if b.Held() != 0 {
		t.Errorf("held %d", b.Held())
	}
}

const gib = 1 << 30

func TestFound(t *testing.T) {
	const machine = "MemTotal:        8388608 kB\nMemFree: 1 kB\n" // 8 GiB
	for name, x := range map[string]struct {
		files map[string]string
		bytes int64
		from  string
	}{
		"nothing":          {nil, unknown, "default"},
		"a machine":        {map[string]string{"proc/meminfo": machine}, 4 * gib, "machine"},
		"v2":               {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "1073741824\n"}, gib / 4 * 3, "cgroup"},
		"v2, max":          {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "max\n"}, 4 * gib, "machine"},
		"v2, one above":    {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "1073741824"}, gib / 4 * 3, "cgroup"},
		"v2, a container":  {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "134217728"}, 96 << 20, "cgroup"},
		"v2, a lower one":  {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "2147483648", "sys/fs/cgroup/a/memory.max": "1073741824"}, gib / 4 * 3, "cgroup"},
		"v1":               {map[string]string{"proc/self/cgroup": "8:pids:/\n4:cpu,memory:/x\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1073741824"}, gib / 4 * 3, "cgroup"},
		"v1, no limit":     {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "4:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712"}, 4 * gib, "machine"},
		"v1, host's path":  {map[string]string{"proc/self/cgroup": "4:memory:/docker/1234\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824"}, gib / 4 * 3, "cgroup"},
		"both":             {map[string]string{"proc/self/cgroup": "4:memory:/x\n0::/y\n", "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1073741824"}, gib / 4 * 3, "cgroup"},
		"more than there":  {map[string]string{"proc/meminfo": machine, "proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "17179869184"}, 4 * gib, "machine"},
		"hardly anything":  {map[string]string{"proc/self/cgroup": "0::/a\n", "sys/fs/cgroup/a/memory.max": "4096"}, least, "cgroup"},
		"cannot be read":   {map[string]string{"proc/self/cgroup": "junk\n0::\n4:memory:../..\n", "sys/fs/cgroup/memory.max": "many", "proc/meminfo": "MemTotal: much kB\n"}, unknown, "default"},
		"a word like it":   {map[string]string{"proc/self/cgroup": "4:memory2:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "1073741824"}, unknown, "default"},
		"negative numbers": {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "-1"}, unknown, "default"},
	} {
		root := fstest.MapFS{}
		for file, text := range x.files {
			root[file] = &fstest.MapFile{Data: []byte(text)}
		}
		if bytes, from := found(root); bytes != x.bytes || from != x.from {
			t.Errorf("%s: %d from %s, want %d from %s", name, bytes, from, x.bytes, x.from)
		}
	}
}

func TestPercent(t *testing.T) {
	for live, want := range map[uint64]int{0: 200, 1 << 20: 200, 16 << 20: 200, 20 << 20: 160, 32 << 20: 100, 50 << 20: 64, 64 << 20: 50, gib: 50} {
		if got := percentFor(live, fullBreath); got != want {
			t.Errorf("%d alive: %d%%, want %d%%", live, got, want)
		}
	}
}

// TestBreath: who allocates little is collected after little.
func TestBreath(t *testing.T) {
	for rate, want := range map[uint64]uint64{0: leastBreath, 1 << 20: leastBreath, 10 << 20: 20 << 20, 1 << 30: fullBreath} {
		if got := breathFor(rate); got != want {
			t.Errorf("%d a second: %d, want %d", rate, got, want)
		}
	}
	if quiet, busy := percentFor(64<<20, leastBreath), percentFor(64<<20, fullBreath); quiet != slow*leastBreath/fullBreath || busy != slow {
		t.Errorf("64 MiB alive: %d%% and %d%%", quiet, busy)
	}
}

// TestEbbBesideWork: a burst has gone by when an eighth of it goes on.
func TestEbbBesideWork(t *testing.T) {
	var e ebb
	total := uint64(0)
	for i, step := range []struct {
		more uint64
		due  bool
	}{{80 << 20, false}, {11 << 20, false}, {9 << 20, true}, {9 << 20, false}, {9 << 20, false}} {
		total += step.more
		due := e.due(total, 1<<20)
		if due != step.due {
			t.Errorf("step %d: due is %v", i, due)
		}
		if due {
			e.gave(total)
		}
	}
}

func TestRest(t *testing.T) {
	var r rest
	var total uint64
	var worked time.Duration
	due := func(more uint64, work time.Duration) bool {
		total, worked = total+more, worked+work
		if !r.due(total, worked) {
			return false
		}
		r.gave(total)
		return true
	}
	for i, step := range []struct {
		more uint64
		work time.Duration
		due  bool
	}{
		{4 << 20, 0, false}, {1000, 0, false}, {1000, 0, false}, // the start: not worth it
		{100 << 20, 0, false}, {2 << 20, 0, false}, {1000, 0, false}, {1000, 0, true}, // it has worked, and rests
		{1000, 0, false}, {1000, 0, false}, // nothing is left to give back
		{50 << 20, 0, false}, {1000, 0, false}, {20 << 20, 0, false}, {1000, 0, false}, {0, 0, true}, // a pause is no rest
		{50 << 20, idle, false}, {1000, idle, false}, {1000, idle, false}, {1000, 0, false}, {1000, 0, true}, // nor is work that allocates nothing
	} {
		if due(step.more, step.work) != step.due {
			t.Errorf("step %d: due is %v", i, !step.due)
		}
	}
	start := rest{looks: anyway}
	if start.due(4<<20, 0) || start.due(4<<20+1000, 0) || !start.due(4<<20+2000, 0) {
		t.Error("what the start has taken is not given back as soon as it is over")
	}
	for given := 0; given < 3; given++ { // it does a little all the time, and then nothing
		for look := 1; look < anyway; look++ {
			if due(1000, 0) {
				t.Fatalf("%d looks after the last time, with %d bytes allocated", look, look*1000)
			}
		}
		if !due(1000, 0) {
			t.Fatal("what little there is stays for ever")
		}
	}
	for range 3 * anyway {
		if due(0, 0) {
			t.Fatal("nothing is given back")
		}
	}
}

func TestEbb(t *testing.T) {
	var e ebb
	total := uint64(0)
	for i, step := range []struct {
		more, live uint64
		due        bool
	}{
		{4 << 20, 1 << 20, false}, {1000, 1 << 20, false}, // the start: not worth it
		{1 << 20, 1 << 20, false}, {1 << 20, 1 << 20, false}, {1 << 20, 1 << 20, false}, // nor is a little, however long
		{100 << 20, 80 << 20, false}, {1000, 80 << 20, true}, // a burst has gone by
		{1000, 1 << 20, false}, {1 << 20, 1 << 20, false}, // nothing is left behind
		{20 << 20, 400 << 20, false}, {1000, 400 << 20, false}, // little beside what lives
		{31 << 20, 400 << 20, false}, {0, 400 << 20, true},
	} {
		total += step.more
		due := e.due(total, step.live)
		if due != step.due {
			t.Errorf("step %d: due is %v", i, due)
		}
		if due {
			e.gave(total)
		}
	}
	for range 20 { // much, a little at a time, is no burst
		if total += 1 << 20; e.due(total, 1<<20) {
			t.Fatal("there was no burst")
		}
	}
}

// beChild makes the test binary say what it may use.
const beChild = "ADIT_TEST_BUDGET"

func TestMain(m *testing.M) {
	if os.Getenv(beChild) != "" {
		n, from := Memory()
		os.Stdout.WriteString(strconv.FormatInt(n, 10) + " " + from + " " + strconv.FormatInt(Files(), 10))
		return
	}
	os.Exit(m.Run())
}

// TestCollect: the growth that is allowed follows what lives, up and down.
func TestCollect(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC is set")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(100))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(-1))
	Collect(1<<40, func(func()) {})
	becomes := func(want int) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); ; runtime.GC() {
			got := debug.SetGCPercent(100)
			debug.SetGCPercent(got)
			if got == want {
				return
			}
			if time.Now().After(end) {
				t.Fatalf("GOGC is %d, want %d", got, want)
			}
		}
	}
	becomes(fast)
	live := make([]byte, 64<<20)
	becomes(slow)
	runtime.KeepAlive(live)
	live = nil
	becomes(fast)
}

// What the environment says counts.
func TestLimitsOfAProcess(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(sh, "-c", "ulimit -n 200; exec "+self)
	c.Env = append(os.Environ(), beChild+"=1", "GOMEMLIMIT=123MiB")
	out, err := c.Output()
	if want := strconv.Itoa(123<<20) + " GOMEMLIMIT 200"; err != nil || !strings.HasPrefix(string(out), want) {
		t.Errorf("%q %v, want %q", out, err, want)
	}
}
