package control

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
)

// header is the first line of a file that AppendToken makes.
const header = "# adit tokens: one a line, \"sha256:HEX account plan created\"; HEX is the token's SHA-256, created its day. Delete a line to revoke its token.\n"

// hashPrefix names the hash, so that another one can stand beside it one day.
const hashPrefix = "sha256:"

// maxFile bounds what is read: more than a hundred thousand tokens.
const maxFile = 16 << 20

// Line is a token's line in a token file.
type Line struct {
	Hash          [sha256.Size]byte
	Account, Plan string
	Number        int // of the line
}

// parse reads a token file. Errors begin with "path:line: ".
func parse(path string, text []byte) ([]Line, error) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	var t []Line
	seen := map[[sha256.Size]byte]int{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0][0] == '#' {
			continue
		}
		e, err := parseLine(fields)
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		if first := seen[e.Hash]; first != 0 {
			return nil, fmt.Errorf("%s:%d: the same token as in line %d", path, n, first)
		}
		seen[e.Hash] = n
		e.Number = n
		t = append(t, e)
	}
	return t, nil
}

func parseLine(fields []string) (Line, error) {
	if len(fields) < 3 || len(fields) > 4 {
		return Line{}, fmt.Errorf("a line holds a hash, an account, a plan and the day of creation; this one has %d of them", len(fields))
	}
	var e Line
	digits, ok := strings.CutPrefix(fields[0], hashPrefix)
	if !ok {
		// The field may be a token that somebody pasted here: it is not repeated in a log.
		return Line{}, fmt.Errorf("the first word is not %sHEX (tokens themselves do not belong here)", hashPrefix)
	}
	if hex.DecodedLen(len(digits)) != len(e.Hash) || len(digits)%2 != 0 {
		return Line{}, fmt.Errorf("a SHA-256 has %d hex digits, this one %d", 2*len(e.Hash), len(digits))
	}
	if _, err := hex.Decode(e.Hash[:], []byte(digits)); err != nil {
		return Line{}, errors.New("the hash holds something that is not a hex digit")
	}
	if err := checkName("account", fields[1]); err != nil {
		return Line{}, err
	}
	if err := checkName("plan", fields[2]); err != nil {
		return Line{}, err
	}
	if len(fields) == 4 {
		if _, err := time.Parse(time.DateOnly, fields[3]); err != nil {
			return Line{}, errors.New("the day of creation is not like 2006-01-02")
		}
	}
	e.Account, e.Plan = fields[1], fields[2]
	return e, nil
}
