package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// reloading is an agent that follows a configuration file.
type reloading struct {
	*process
	t    *testing.T
	r    *publicRelay
	file string
}

// follow starts an agent on all endpoints of a file.
func follow(t *testing.T, endpoints string) *reloading {
	t.Helper()
	f := newReloading(t, filepath.Join(t.TempDir(), "adit.yml"))
	f.write(endpoints)
	f.start(cleanEnv(t), self(t), "start", "--all", "--config", f.file)
	return f
}

// newReloading has its relay, and no agent yet.
func newReloading(t *testing.T, file string) *reloading {
	t.Helper()
	return &reloading{t: t, r: relay(t), file: file}
}

// start runs what leads to an agent of the relay, without a terminal, as a service has none.
func (f *reloading) start(env []string, program string, args ...string) {
	f.t.Helper()
	cmd := exec.Command(program, append(args, f.r.agentArgs()...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	f.process = launch(f.t, env, cmd)
}

// write replaces the file, as editors do.
func (f *reloading) write(endpoints string) {
	f.t.Helper()
	next := f.file + ".new"
	if err := os.WriteFile(next, []byte("version: 3\nendpoints:\n"+endpoints), 0o600); err != nil {
		f.t.Fatal(err)
	}
	if err := os.Rename(next, f.file); err != nil {
		f.t.Fatal(err)
	}
}

// answers waits until a name is answered like this.
func (f *reloading) answers(name string, status int) {
	f.t.Helper()
	eventually(f.t, fmt.Sprintf("%s answers %d", name, status), func() bool {
		got, _ := fetch(f.t, f.r.request(f.t, "http://"+name+".tunnel.test", "/"))
		return got == status
	})
}

func endpointLines(name, port, more string) string {
	return fmt.Sprintf("  - name: %s\n    url: %s.tunnel.test\n    upstream: {url: %s}\n%s", name, name, port, more)
}

// TestReload: endpoints that come, change and go in the file come, change and go online. What stays the same is not touched, not even a download; a mistake changes
// nothing; what the local API has started stays.
func TestReload(t *testing.T) {
	gate := make(chan struct{})
	port := service(t, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			fmt.Fprint(w, "first ")
			w.(http.Flusher).Flush()
			<-gate
		}
		fmt.Fprint(w, "whole")
	}))
	web := endpointLines("web", port, "")
	f := follow(t, web)
	api := f.waitFor(f.stdout, `^ready name=web .*inspect=(\S+)`)[1]
	f.answers("web", 200)
	slow, err := http.DefaultTransport.RoundTrip(f.r.request(t, "http://web.tunnel.test", "/slow"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Body.Close()

	f.write(web + endpointLines("two", port, ""))
	f.answers("two", 200)
	f.write(web + endpointLines("two", port, "    basic_auth: [\"ann:correct horse\"]\n"))
	f.answers("two", 401)

	made, err := http.Post(api+"/api/tunnels", "application/json", strings.NewReader(`{"name":"guest","proto":"http","addr":"`+port+`","subdomain":"guest"}`))
	if err != nil || made.StatusCode != http.StatusCreated {
		t.Fatalf("the local API starts no endpoint: %v, %v", made, err)
	}
	made.Body.Close()

	f.write(web + "  - nme: x\n")
	f.waitFor(f.stderr, `msg="the configuration has a mistake, and what was before goes on" err=.*nme`)
	f.answers("two", 401)

	f.write(web + endpointLines("two", port, "    traffic_policy: {on_http_request: []}\n"))
	f.waitFor(f.stderr, `traffic_policy .*is not yet offered`)
	f.answers("two", 502) // never without what was asked for

	f.write(web)
	f.signal(syscall.SIGHUP)
	f.write(web + endpointLines("last", port, ""))
	f.signal(syscall.SIGHUP)
	f.answers("last", 200)
	f.answers("guest", 200)
	close(gate)
	if body, err := io.ReadAll(slow.Body); err != nil || string(body) != "first whole" {
		t.Errorf("the download under way: %q, %v", body, err)
	}

	gone, err := http.NewRequest("DELETE", api+"/api/tunnels/last", nil)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := http.DefaultClient.Do(gone)
	if err != nil {
		t.Fatal(err)
	}
	ended.Body.Close()
	made, err = http.Post(api+"/api/tunnels", "application/json", strings.NewReader(`{"name":"last","proto":"http","addr":"`+port+`","subdomain":"mine"}`))
	if err != nil || made.StatusCode != http.StatusCreated {
		t.Fatalf("the local API starts no endpoint: %v, %v", made, err)
	}
	made.Body.Close()
	f.write(web + endpointLines("last", port, "    metadata: changed\n"))
	f.waitFor(f.stderr, `not all of the configuration .*the local API has started .*last`)
	f.write(web + endpointLines("more", port, ""))
	f.answers("more", 200)
	f.answers("mine", 200) // it is not the file's any more

	f.signal(syscall.SIGTERM)
	if c := f.code(); c != 0 {
		t.Errorf("exit code %d", c)
	}
}

// TestReloadWithoutWatch: where the system has no watch to give, SIGHUP makes adit read its files again.
func TestReloadWithoutWatch(t *testing.T) {
	need(t, "unshare")
	if out, err := exec.Command("unshare", "-U", "-r", "sh", "-c", "echo 0 >/proc/sys/user/max_inotify_instances").CombinedOutput(); err != nil {
		t.Skipf("no place without watches can be made here: %v: %s", err, out)
	}
	port := service(t, http.HandlerFunc(hello))
	f := newReloading(t, filepath.Join(t.TempDir(), "adit.yml"))
	web := endpointLines("web", port, "")
	f.write(web)
	f.start(cleanEnv(t), "unshare", "-U", "-r", "sh", "-c", `echo 0 >/proc/sys/user/max_inotify_instances; exec "$0" "$@"`, self(t), "start", "--all", "--config", f.file)
	f.waitFor(f.stderr, "the configuration is not watched")
	f.answers("web", 200)
	f.write(web + endpointLines("two", port, ""))
	f.signal(syscall.SIGHUP)
	f.answers("two", 200)
}
