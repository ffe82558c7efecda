package cli

import (
	"bytes"
	"fmt"
	"io"
	"sync"

	"github.com/adit-tunnel/adit/budget"
)

// lossy writes lines to a file whose disk may be full for a while. What cannot be written is lost, which is said once a minute, and how much it was when lines
// can be written again. A line of which only a half was written is ended before the next one.
type lossy struct {
	w    io.Writer
	what string            // for people
	say  func(text string) // nil: there is nowhere to say it

	mu        sync.Mutex
	torn      bool // the last line is half there
	lost      int  // lines
	complaint budget.Complaint
}

// Write implements io.Writer for whole lines.
func (l *lossy) Write(lines []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.torn {
		if _, err = l.w.Write([]byte("\n")); err == nil {
			l.torn = false
		}
	}
	if err == nil {
		if n, err = l.w.Write(lines); n > 0 {
			l.torn = lines[n-1] != '\n'
		}
	}
	if err != nil {
		l.miss(bytes.Count(lines[n:], []byte("\n")), err)
	} else if l.lost > 0 {
		l.tell(fmt.Sprintf("%s is written again; %d lines were lost", l.what, l.lost))
		l.lost = 0
	}
	return n, err
}

// missed counts lines as lost that never came here.
func (l *lossy) missed(lines int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lost += lines
}

func (l *lossy) miss(lines int, err error) {
	l.lost += lines
	if _, due := l.complaint.Due(); due {
		l.tell(fmt.Sprintf("%s cannot be written, and loses lines: %v", l.what, err))
	}
}

func (l *lossy) tell(text string) {
	if l.say != nil {
		l.say(text)
	}
}
