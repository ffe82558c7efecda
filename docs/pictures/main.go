// Command pictures makes the pictures of the documentation from the program as it is: adit in a real terminal (tmux), whose screen chromium draws.
//
//	go run ./docs/pictures -adit bin/adit     # which is what "make pictures" does
//
// The requests are those of "adit demo". Times, ports and ids are others each time.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/adit-tunnel/adit/demo"
)

// A scene is a screen worth a picture: what is pressed since the scene before, and what is seen when it is there.
type scene struct {
	name          string
	paper         string
	columns, rows int
	press         []string
	see           string
	mended        bool // the service has learnt what it could not before
}

var scenes = []scene{
	{name: "dashboard", paper: "dark", columns: 120, rows: 34, press: []string{"r"}, see: `replayed → .* in `, mended: true},
	{name: "request", paper: "dark", columns: 156, rows: 34, press: []string{"Enter"}, see: `signature +valid`},
	{name: "diff", paper: "dark", columns: 156, rows: 34, press: []string{"D"}, see: `answer: `},
	{name: "run", paper: "dark", columns: 120, rows: 24, press: []string{"Escape", "Escape", "/", "'path:/webhooks/* replay:false", "Enter", "g", "*", "r"}, see: `Replayed \d+ requests`},
	{name: "palette", paper: "dark", columns: 120, rows: 24, press: []string{"Escape", "*", "*", "Escape", "G", ":", "'rep"}, see: `replay elsewhere`},
}

func main() {
	program := flag.String("adit", "bin/adit", "the program")
	to := flag.String("to", "docs/pictures", "the directory of the pictures")
	flag.Parse()
	if err := all(*program, *to); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// all makes the pictures, first on dark paper, then those that are worth it on light.
func all(program, to string) error {
	light := []scene{scenes[0], scenes[1]}
	for i := range light {
		light[i].name, light[i].paper = light[i].name+"-light", "light"
	}
	for _, part := range [][]scene{scenes, light} {
		if err := tell(program, to, part); err != nil {
			return err
		}
	}
	return nil
}

// tell makes the pictures of a story: one run of adit.
func tell(program, to string, story []scene) error {
	dir, err := os.MkdirTemp("", "pictures")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err = filepath.Abs(program)
	if err != nil {
		return err
	}
	s, err := newShop()
	if err != nil {
		return err
	}
	defer s.close()
	x := terminal{dir}
	env := []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "LANG=C.UTF-8", "TERM=xterm-256color", "COLORTERM=truecolor"}
	for _, provider := range demo.Providers {
		env = append(env, "ADIT_WEBHOOK_SECRET_"+strings.ToUpper(provider)+"="+demo.Secret)
	}
	if err := x.open(story[0].columns, story[0].rows, env, program, "http", s.port, "--theme", story[0].paper, "--name", "shop"); err != nil {
		return err
	}
	defer x.tmux("kill-server")
	m, err := x.see(`Forwarding +(http://\S+)`)
	if err != nil {
		return err
	}
	if r := (&demo.Sender{URL: m[1], Count: 15, Rate: 4}).Run(context.Background()); r.Failed != nil {
		return r.Failed
	}
	if err := x.choose(); err != nil {
		return err
	}
	for _, c := range story {
		if err := c.shoot(x, s, to); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return nil
}

// choose selects what has failed: what was selected among the found stays so when the filter goes.
func (x terminal) choose() error {
	for _, step := range []struct {
		press []string
		see   string
	}{{[]string{"/", "'status:500", "Enter"}, `(?m)\d of \d+ match status:500\s*$`}, {[]string{"Up", "Up"}, `› +POST .* 500`}, {[]string{"Escape"}, `› +POST .* 500.*\n.* GET `}} {
		if err := x.press(step.press...); err != nil {
			return err
		}
		if _, err := x.see(step.see); err != nil {
			return err
		}
	}
	return nil
}

func (c scene) shoot(x terminal, s *shop, to string) error {
	s.mended.Store(s.mended.Load() || c.mended)
	if _, err := x.tmux("resize-window", "-x", fmt.Sprint(c.columns), "-y", fmt.Sprint(c.rows)); err != nil {
		return err
	}
	if err := x.press(c.press...); err != nil {
		return err
	}
	if _, err := x.see(c.see); err != nil {
		return err
	}
	return x.shoot(c.columns, c.rows, papers[c.paper], filepath.Join(to, c.name+".png"))
}

// shop is the demo's receiver behind a door that can be mended: then what it cannot handle is handled.
type shop struct {
	server *httptest.Server
	port   string
	mended atomic.Bool
	stop   context.CancelFunc
}

func newShop() (*shop, error) {
	r, err := demo.NewReceiver()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	go r.Run(ctx)
	s := &shop{stop: stop}
	target, _ := url.Parse(r.URL())
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ModifyResponse = s.mend
	s.server = httptest.NewServer(proxy)
	s.port = s.server.URL[strings.LastIndex(s.server.URL, ":")+1:]
	return s, nil
}

func (s *shop) close() {
	s.server.Close()
	s.stop()
}

// mend lets the answer of 500 be the one of a service that has learnt what to do.
func (s *shop) mend(a *http.Response) error {
	if a.StatusCode != http.StatusInternalServerError || !s.mended.Load() {
		return nil
	}
	a.Body.Close()
	w := httptest.NewRecorder()
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintln(w, `{"received":true,"retry":"in 3 days"}`)
	*a = *w.Result()
	return nil
}
