package inspect

import (
	"log/slog"
	"time"
)

// Entry is a line of the program's log.
type Entry struct {
	Nth   uint64 // from 1
	At    time.Time
	Level slog.Level
	Text  string // message and attributes; a stranger's words may be among them
}

// Journal is what the program's log has had lately, whatever else becomes of it.
type Journal interface {
	// Entries returns those behind the nth, oldest first, as far as they are still there. The caller owns them.
	Entries(after uint64) []Entry
}
