package store

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/adit-tunnel/adit/inspect"
)

// inline is the most content that stands in the database itself, in bytes.
const inline = 64 << 10

// bodies is the directory of content that is too large for the database.
func (s *Store) bodies() string { return filepath.Join(s.o.Dir, "bodies") }

var plainID = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[0-9A-Za-z-]{2,64}$`)
})

// bodyName is the file of one side's content. An ID that would not do as a name, since it comes from elsewhere, is replaced by its hash.
func bodyName(id inspect.ID, side inspect.Side) string {
	if name := string(id); plainID().MatchString(name) {
		return name + "." + side.String()
	}
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:]) + "." + side.String()
}

// bodyPlace is where it stands below bodies. Of a UUID the last digits differ most.
func bodyPlace(id inspect.ID, side inspect.Side) string {
	name := bodyName(id, side)
	stem := len(name) - len(side.String()) - 1
	return filepath.Join(name[stem-2:stem], name)
}

// keepFile moves a finished file to its place below bodies, or has done so before. Of one that is there already it takes the place.
func (s *Store) keepFile(from, place string) error {
	to := filepath.Join(s.bodies(), place)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	err := os.Rename(from, to)
	if errors.Is(err, fs.ErrNotExist) && exists(to) {
		return nil
	}
	return err
}

// writeFile keeps content that was in memory.
func (s *Store) writeFile(place string, content []byte) error {
	temporary := filepath.Join(s.spills.dir, filepath.Base(place)+".new")
	if err := os.WriteFile(temporary, content, 0o600); err != nil {
		return errors.Join(err, remove(temporary))
	}
	return s.keepFile(temporary, place)
}

// openBody opens a file of content with kept bytes.
func (s *Store) openBody(place string, kept int64) (inspect.Body, error) {
	return openContent(filepath.Join(s.bodies(), filepath.Clean("/"+place)), kept)
}

func openContent(path string, kept int64) (inspect.Body, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	i, err := f.Stat()
	if err == nil && i.Size() < kept {
		err = fmt.Errorf("%s: %d bytes of %d are left: %w", path, i.Size(), kept, inspect.ErrNotFound)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return inFile{io.NewSectionReader(f, 0, kept), f}, nil
}

// inFile is content in a file.
type inFile struct {
	*io.SectionReader
	io.Closer
}

// remove deletes a file that may be gone already.
func remove(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
