package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"
)

// folder serves a directory's files as web servers do: with ranges, conditions, index.html, and a list where that is missing. Nothing outside it is served,
// whatever links say, nor what a dot in front of its name hides, but .well-known. The directory is opened anew for each file, so that it may be replaced.
type folder struct{ dir string }

func (f *folder) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "files can only be read", http.StatusMethodNotAllowed)
		return
	}
	http.FileServerFS(tagging{f, w.Header()}).ServeHTTP(w, r)
}

// tagging is the folder as one request sees it: the file that it opens gives the answer its ETag, which tells apart what was written within one second.
type tagging struct {
	*folder
	answer http.Header
}

// Open is the folder's.
func (t tagging) Open(name string) (fs.File, error) {
	file, err := t.folder.Open(name)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
		t.answer.Set("Etag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	}
	return file, nil
}

// Open opens a file. What is no file and no directory is not opened: to open a pipe would wait for its other end.
func (f *folder) Open(name string) (fs.File, error) {
	for part := range strings.SplitSeq(name, "/") {
		if hidden(part) {
			return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
		}
	}
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	switch {
	case err == nil && !info.Mode().IsRegular() && !info.IsDir():
		err = fs.ErrPermission
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
		err = fs.ErrPermission // it leads outside, or in a circle
	}
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	file, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	return shown{file}, nil
}

func hidden(name string) bool {
	return len(name) > 1 && name[0] == '.' && name != ".well-known"
}

// shown is a file, or a directory that does not list what is hidden.
type shown struct{ *os.File }

// ReadDir makes it a fs.ReadDirFile.
func (l shown) ReadDir(n int) ([]fs.DirEntry, error) {
	all, err := l.File.ReadDir(n)
	out := all[:0]
	for _, e := range all {
		if !hidden(e.Name()) {
			out = append(out, e)
		}
	}
	return out, err
}
