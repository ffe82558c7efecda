package capture

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// spiller is a recorder with files. It takes atMost bytes for each; 0: all.
type spiller struct {
	recorder
	atMost int
	none   bool
	files  []*file
}

type file struct {
	name   string
	data   []byte
	most   int
	closed bool
	late   bool // it was written to or closed after its end
	full   bool
}

func (s *spiller) Spill(id inspect.ID, side inspect.Side) inspect.Spill {
	if s.none {
		return nil
	}
	f := &file{name: string(id) + "." + side.String(), most: s.atMost}
	s.files = append(s.files, f)
	return f
}

func (s *spiller) written() string {
	var all []string
	for _, f := range s.files {
		all = append(all, string(f.data))
	}
	return strings.Join(all, "|")
}

func (f *file) Write(p []byte) bool {
	f.late = f.late || f.closed || f.full
	if f.full = f.most > 0 && len(f.data)+len(p) > f.most; f.full {
		return false
	}
	f.data = append(f.data, p...)
	return true
}

func (f *file) Close() {
	f.late = f.late || f.closed
	f.closed = true
}

// TestSpill: what memory does not hold is in the file or, from where that takes no more, in the tail; Kept says how much there is.
func TestSpill(t *testing.T) { synctest.Test(t, testSpill) }

func testSpill(t *testing.T) {
	content := make([]byte, 300_000)
	for i := range content {
		content[i] = byte(i ^ i>>8 ^ i>>16)
	}
	const side = 10_000
	for name, tt := range map[string]struct {
		side, total int64
		rec         *spiller
		body, kept  int
		tail        int
		files       int
	}{
		"all of it":               {side, 0, &spiller{}, side, len(content), 0, 1},
		"no store":                {side, 0, &spiller{none: true}, side, side, tailSize, 0},
		"a slow disk at once":     {side, 0, &spiller{atMost: 1}, side, side, tailSize, 1},
		"a slow disk later":       {side, 0, &spiller{atMost: 100_500}, side, 100_000, tailSize, 1},
		"a slow disk at the end":  {side, 0, &spiller{atMost: 299_500}, side, 299_000, 1000, 1},
		"no memory":               {side, 200, &spiller{}, 0, len(content), 0, 1},
		"neither":                 {side, 200, &spiller{none: true}, 0, 0, 0, 0},
		"memory for all":          {1 << 20, 0, &spiller{}, len(content), len(content), 0, 0},
		"no memory for the tail":  {side, 50_000, &spiller{none: true}, side, side, 0, 0},
		"less memory than a side": {side, 9000, &spiller{}, 8000, len(content), 0, 1},
	} {
		b := NewBudget(tt.side, tt.total)
		tap := b.Start(tt.rec, begin())
		for piece := range slices.Chunk(content, 1000) {
			time.Sleep(20 * time.Millisecond)
			tap.RequestBody(piece)
		}
		tap.RequestEnd(nil)
		tap.Done()
		q := tt.rec.last().Request
		if !bytes.Equal(q.Body, content[:tt.body]) || q.Kept != int64(tt.kept) || q.Size != int64(len(content)) {
			t.Errorf("%s: body of %d, %d of %d kept", name, len(q.Body), q.Kept, q.Size)
		}
		if !bytes.Equal(q.Tail, content[len(content)-tt.tail:]) {
			t.Errorf("%s: tail of %d bytes, want the last %d", name, len(q.Tail), tt.tail)
		}
		if whole := tt.kept == len(content); q.Complete() != whole || q.Dropped == whole {
			t.Errorf("%s: complete %v, dropped %v", name, q.Complete(), q.Dropped)
		}
		if len(tt.rec.files) != tt.files {
			t.Fatalf("%s: %d files", name, len(tt.rec.files))
		}
		for _, f := range tt.rec.files {
			if f.name != "id-1.request" || f.late || !f.closed || tt.kept > tt.body && sha256.Sum256(f.data) != sha256.Sum256(content[:tt.kept]) {
				t.Errorf("%s: file %s of %d bytes, closed %v, used late %v", name, f.name, len(f.data), f.closed, f.late)
			}
		}
		for i, x := range tt.rec.all {
			m := x.Request.Message
			if m.Size < m.Kept+int64(len(m.Tail)) || !bytes.Equal(m.Tail, content[m.Size-int64(len(m.Tail)):m.Size]) {
				t.Errorf("%s: state %d: %d kept, tail of %d, size %d", name, i, m.Kept, len(m.Tail), m.Size)
			}
		}
		if tt.rec.unchanged(t); b.Used() != 0 {
			t.Errorf("%s: %d bytes are still taken", name, b.Used())
		}
	}
}

// TestSpillOfAnAnswerThatIsReplaced: the file is closed, and the answer in its place gets none.
func TestSpillOfAnAnswerThatIsReplaced(t *testing.T) {
	b := NewBudget(10, 0)
	rec := &spiller{}
	tap := b.Start(rec, begin())
	for range 2 {
		tap.ResponseHead(Head{Status: 200, Bytes: []byte(resHead)})
		tap.ResponseBody(make([]byte, 100))
	}
	tap.Fail(&inspect.Failure{})
	if len(rec.files) != 1 || !rec.files[0].closed || rec.files[0].late {
		t.Errorf("files: %+v", rec.files)
	}
	if r := rec.last().Response; r.Kept != 10 || r.Size != 100 || len(r.Tail) != 90 {
		t.Errorf("%d of %d kept, tail of %d", r.Kept, r.Size, len(r.Tail))
	}
}
