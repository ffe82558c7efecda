package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

var date = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)

var files = []file{{"man/man1/adit.1", []byte("page"), 0o644}, {"adit", bytes.Repeat([]byte("program"), 1000), 0o755}}

// fromTar and fromZip read an archive back.
func fromTar(t *testing.T, archive []byte) (all []file, times []time.Time) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all, times
		}
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil || h.Uid != 0 || h.Uname != "" {
			t.Fatalf("%s: owner %d %q, %v", h.Name, h.Uid, h.Uname, err)
		}
		all, times = append(all, file{h.Name, data, h.FileInfo().Mode()}), append(times, h.ModTime)
	}
}

func fromZip(t *testing.T, archive []byte) (all []file, times []time.Time) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range r.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		all, times = append(all, file{f.Name, data, f.Mode()}), append(times, f.Modified)
	}
	return all, times
}

// TestArchives: what comes out is what went in, below one directory, with the release's time; and the same files in another order are the same bytes.
func TestArchives(t *testing.T) {
	for name, x := range map[string]struct {
		pack func(string, []file, time.Time) ([]byte, error)
		read func(*testing.T, []byte) ([]file, []time.Time)
	}{"tar.gz": {tarGz, fromTar}, "zip": {zipped, fromZip}} {
		archive, err := x.pack("adit_1", files, date)
		if err != nil {
			t.Fatal(err)
		}
		other := slices.Clone(files)
		slices.Reverse(other)
		again, err := x.pack("adit_1", other, date.In(time.FixedZone("", 3600)))
		if err != nil || !bytes.Equal(archive, again) {
			t.Errorf("%s: not the same bytes again, %v", name, err)
		}
		all, times := x.read(t, archive)
		if len(all) != 2 {
			t.Fatalf("%s holds %d files", name, len(all))
		}
		for i, want := range []file{files[1], files[0]} {
			if got := all[i]; got.path != "adit_1/"+want.path || !bytes.Equal(got.data, want.data) || got.mode != want.mode || !times[i].Equal(date) {
				t.Errorf("%s: %s, mode %v, %d bytes, %v", name, got.path, got.mode, len(got.data), times[i])
			}
		}
	}
}

func TestSums(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("abc"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := writeSums(dir, []string{"a"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, "SHA256SUMS"))
	if want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
}
