package budget

import (
	"os"
	"strings"
	"testing"
	"time"
)

const someMaps = `00400000-0114a000 r-xp 00000000 08:01 123                                /opt/a dit
Rss:               11360 kB
Anonymous:             0 kB
Swap:                  0 kB
VmFlags: rd ex mr mw me
0114a000-01f56000 r--p 00d4a000 08:01 123                                /opt/a dit
Anonymous:             4 kB
Swap:                  0 kB
01f56000-02000000 r--p 01b56000 08:01 123                                /opt/a dit
Anonymous:             0 kB
Swap:                  4 kB
02000000-02079000 rw-p 01b56000 08:01 123                                /opt/a dit
Anonymous:             0 kB
Swap:                  0 kB
03000000-03001000 r--p 01b56000 08:01 123                                /opt/a dit
Anonymous:             0 kB
04000000-04001000 r--s 01b56000 08:01 123                                /opt/a dit
Anonymous:             0 kB
Swap:                  0 kB
6e998c00000-6e999800000 r--p 00000000 00:00 0
Anonymous:             0 kB
Swap:                  0 kB
7fd3d860b000-7fd3d860c000 r--p 00000000 08:01 9                          /opt/libc.so
Anonymous:             0 kB
Swap:                  0 kB
7fff533a0000-7fff533a2000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:             0 kB
Swap:                  0 kB
`

// TestUntouched: code as it is in the file is given back, and nothing that somebody has written to, in memory or swapped out, nor where that is not said.
func TestUntouched(t *testing.T) {
	all, err := untouched(strings.NewReader(someMaps), "/opt/a dit")
	if err != nil || len(all) != 1 || all[0] != (span{0x400000, 0x114a000}) {
		t.Errorf("%x %v", all, err)
	}
	for _, bad := range []string{"x-y r-xp\n", "1000 r-xp\n", "what is this\n", "\n"} {
		if all, err := untouched(strings.NewReader(someMaps+bad), "/opt/a dit"); err == nil {
			t.Errorf("%q: %x", bad, all)
		}
	}
}

func FuzzUntouched(f *testing.F) {
	f.Add(someMaps)
	f.Fuzz(func(t *testing.T, smaps string) {
		all, _ := untouched(strings.NewReader(smaps), "/opt/a dit")
		if len(all) > strings.Count(smaps, "Swap:") {
			t.Errorf("%x", all)
		}
	})
}

// TestShedProgram: a process whose pages were given back has fewer of them, and goes on.
func TestShedProgram(t *testing.T) {
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Skip("this kernel does not tell of its mappings:", err)
	}
	if all, err := untouched(strings.NewReader(string(f)), self); err != nil || len(all) == 0 {
		t.Fatalf("nothing to give back: %v %v\n%s", all, err, f)
	}
	for end := time.Now().Add(10 * time.Second); ; {
		before := ofFiles(t)
		if err := shedProgram(); err != nil {
			t.Fatal(err)
		}
		if ofFiles(t) < before {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d pages of files as before", before)
		}
	}
}

// ofFiles is how many pages of files are in this process.
func ofFiles(t *testing.T) (pages int) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(text))
	for _, digit := range fields[2] {
		pages = 10*pages + int(digit-'0')
	}
	return pages
}
