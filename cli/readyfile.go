package cli

import (
	"bytes"
	"context"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/adit-tunnel/adit/budget"
	"github.com/adit-tunnel/adit/config"
	"github.com/adit-tunnel/adit/inspect"
)

// readyPace is how long after the files were written the next look comes at the earliest: hints of exchanges wake the watcher, too.
const readyPace = 200 * time.Millisecond

// readyFile is a file that tells a script that all endpoints are up, and their URLs. It is there from then on until adit ends, always whole, and is
// written anew when a URL changes.
type readyFile struct {
	path  string
	words func(inspect.Status) ([]byte, error)

	wrote     []byte      // what stands in it; nil: nothing yet
	info      fs.FileInfo // of the file that was written
	complaint budget.Complaint
}

// newReadyFiles makes the files that the settings name, and takes away what a run that was killed may have left there.
func newReadyFiles(ready, urls string) ([]*readyFile, error) {
	if ready != "" && ready == urls {
		return nil, usage("--ready-file and --url-file name the same file, %s\n  name two", ready)
	}
	var files []*readyFile
	for _, f := range []*readyFile{{path: ready, words: readyWords}, {path: urls, words: urlWords}} {
		if f.path == "" {
			continue
		}
		if err := f.clear(); err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// clear makes sure that the file can be written, and is not there.
func (f *readyFile) clear() error {
	if _, err := os.ReadDir(filepath.Dir(f.path)); err != nil {
		return usage("the file %s: %w", f.path, err)
	}
	info, err := os.Lstat(f.path)
	if os.IsNotExist(err) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		return usage("%s is no file that could be written anew\n  name another one", f.path)
	}
	if err == nil {
		err = os.Remove(f.path)
	}
	if err != nil {
		return usage("the file %s: %w", f.path, err)
	}
	return nil
}

// clearReady takes away what a run that was killed left where --ready-file and --url-file point, when c has ended before it came to that: who waits for these files must not take them for
// c's. The project's file has no say in what is removed.
func (a *app) clearReady(c *cobra.Command, args []string) {
	s := a.sources(c)
	s.Project = ""
	maps.Copy(s.Flags, givenFlags(args, "ready-file", "url-file")) // a mistake hides the flags behind it from c
	cfg, _ := config.Load(s)                                       // what can be read counts; what is wrong with the rest was said
	for _, path := range []string{cfg.ReadyFile, cfg.URLFile} {
		if path != "" {
			_ = (&readyFile{path: path}).clear() // likewise
		}
	}
}

// startReady keeps the files that p has; nil: there are none.
func (a *app) startReady(p *parts) *task {
	if len(p.ready) == 0 {
		return nil
	}
	return a.start(func(ctx context.Context) error {
		keepReady(ctx, p.agent, p.ready, p.log)
		return nil
	})
}

// keepReady writes files when all endpoints are up, and again when something about them changes; it takes them away when ctx ends.
func keepReady(ctx context.Context, o inspect.Observer, files []*readyFile, log *slog.Logger) {
	hints, stop := o.Watch()
	defer stop()
	defer func() {
		for _, f := range files {
			f.remove(log)
		}
	}()
	for {
		if st := o.Status(); settled(st) {
			for _, f := range files {
				f.write(st, log)
			}
			if !pause(ctx, readyPace) {
				return
			}
		}
		select {
		case <-hints:
		case <-ctx.Done():
			return
		}
	}
}

// pause waits; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// settled says that the session is up and every endpoint bound or refused.
func settled(st inspect.Status) bool {
	for _, e := range st.Endpoints {
		if e.URL == "" && e.Failure == nil {
			return false
		}
	}
	return st.State == inspect.Online
}

func (f *readyFile) write(st inspect.Status, log *slog.Logger) {
	words, err := f.words(st)
	if err != nil || f.wrote != nil && bytes.Equal(words, f.wrote) {
		return
	}
	if err = writeFile(f.path, words); err == nil {
		f.wrote = words
		f.info, err = os.Stat(f.path)
	}
	if err == nil {
		return
	}
	if n, due := f.complaint.Due(); due {
		log.Warn("what tells that the endpoints are up cannot be written", "path", f.path, "err", err, "times", n)
	}
}

// remove takes the file away, unless another adit has put its own there.
func (f *readyFile) remove(log *slog.Logger) {
	info, err := os.Stat(f.path)
	if f.info == nil || err != nil || !os.SameFile(info, f.info) {
		return
	}
	if err := os.Remove(f.path); err != nil {
		log.Warn("what tells that the endpoints are up cannot be taken away", "path", f.path, "err", err)
	}
}

type readyJSON struct {
	PID       int             `json:"pid"`
	Web       string          `json:"web,omitempty"` // the local API
	Endpoints []readyEndpoint `json:"endpoints"`
}

type readyEndpoint struct {
	Name     string `json:"name"`
	URL      string `json:"url,omitempty"`
	Upstream string `json:"upstream"`
	Error    string `json:"error,omitempty"` // why it has no URL
}

func readyWords(st inspect.Status) ([]byte, error) {
	out := readyJSON{PID: os.Getpid(), Web: st.Web, Endpoints: []readyEndpoint{}}
	for _, e := range st.Endpoints {
		r := readyEndpoint{Name: e.Name, URL: e.URL, Upstream: e.Upstream}
		if e.Failure != nil {
			r.Error = e.Failure.Name
		}
		out.Endpoints = append(out.Endpoints, r)
	}
	return indentedJSON(out)
}

func urlWords(st inspect.Status) ([]byte, error) {
	words := []byte{}
	for _, e := range st.Endpoints {
		if e.URL != "" {
			words = append(words, e.URL+"\n"...)
		}
	}
	return words, nil
}
