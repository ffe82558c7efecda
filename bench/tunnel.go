//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// domain is the relay's, host the one public name below it.
const (
	domain = "bench.test"
	host   = "web." + domain
)

// bench is the origin, and what all rows share.
type bench struct {
	children
	cancel context.CancelFunc
	dur    time.Duration // of one load
	origin string        // its address
}

func newBench(ctx context.Context, dur time.Duration) (*bench, error) {
	dir, err := os.MkdirTemp("", "adit-bench-")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	b := &bench{children: children{ctx: ctx, dir: dir}, cancel: cancel, dur: dur}
	self, err := os.Executable()
	if err != nil {
		b.close()
		return nil, err
	}
	origin, err := b.start(true, self, beOrigin)
	if err != nil {
		b.close()
		return nil, err
	}
	b.origin = strings.TrimSpace(origin.first)
	return b, nil
}

// close ends everything that still runs.
func (b *bench) close() {
	b.cancel()
	b.over.Wait()
	_ = os.RemoveAll(b.dir)
}

// target is where the load of a row goes: the origin, or a relay with an agent before it, fresh for each row.
type target struct {
	b            *bench
	binary       string // "": the origin
	protocol     string // of the row
	agentArgs    []string
	addr         string
	dir          string // of relay and agent
	pin, link    string // for agents
	relay, agent *child
	delay        *delay
	trouble      []string // what went wrong without ending the row
}

// target starts what a row is measured on. close ends it.
func (b *bench) target(r row, s side) (*target, error) {
	t := &target{b: b, binary: s.binary, protocol: r.protocol, agentArgs: r.agentArgs, addr: b.origin}
	if s.binary == "" {
		return t, nil
	}
	if err := t.start(r); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// said is a pair that relay and agent tell of themselves.
var said = regexp.MustCompile(`(\w+)=(\S+)`)

// tells are the pairs of a line.
func tells(line string) map[string]string {
	all := map[string]string{}
	for _, m := range said.FindAllStringSubmatch(line, -1) {
		all[m[1]] = m[2]
	}
	return all
}

func (t *target) start(r row) (err error) {
	if t.dir, err = os.MkdirTemp(t.b.dir, "tunnel-"); err != nil {
		return err
	}
	args := slices.Concat([]string{"relay", "--domain", domain, "--http", "127.0.0.1:0", "--agents", "127.0.0.1:0", "--admin", "false",
		"--access-log", "false", "--state-dir", t.dir + "/relay"}, protocolArgs[r.protocol], r.relayArgs)
	if t.relay, err = t.b.children.start(true, t.binary, args...); err != nil {
		return err
	}
	relay := tells(t.relay.first)
	if relay["pin"] == "" {
		return fmt.Errorf("the relay says %q", t.relay.first)
	}
	t.addr, t.link, t.pin = relay["http"], relay["agents"], relay["pin"]
	if r.roundTrip > 0 {
		if t.delay, err = newDelay(t.link, r.roundTrip/2); err != nil {
			return err
		}
		t.link = t.delay.addr()
	}
	if _, err = t.startAgent(); r.protocol == "https" {
		t.addr = relay["https"]
	}
	return err
}

// startAgent starts the agent and says how long it took to the first answer of the origin's.
func (t *target) startAgent() (took time.Duration, err error) {
	began := time.Now()
	args := append(t.endpointArgs(), "--relay", t.link, "--relay-pin", t.pin, "--no-tui", "--web-addr", "127.0.0.1:0", "--state-dir", t.dir+"/agent")
	t.agent, err = t.b.children.start(t.protocol == "tcp", t.binary, append(args, t.agentArgs...)...)
	if err != nil {
		return 0, err
	}
	if t.protocol == "tcp" {
		t.addr, err = tcpAddr(t.agent.first)
		return time.Since(began), err
	}
	for tick := time.NewTicker(time.Millisecond); ; {
		c, err := t.ask("GET", "/small", "", 0)
		if err == nil {
			_, err = readHead(c)
			_ = c.Close()
		}
		if err == nil {
			return time.Since(began), nil
		}
		select {
		case <-tick.C:
		case <-t.b.ctx.Done():
			return 0, t.b.ctx.Err()
		case <-t.agent.ended:
			return 0, fmt.Errorf("the agent has ended: %s", t.agent.last())
		}
		if time.Since(began) > time.Minute {
			return 0, fmt.Errorf("no answer within a minute: %w: %s", err, t.agent.last())
		}
	}
}

func (t *target) close() {
	t.agent.kill()
	t.relay.kill()
	if t.delay != nil {
		t.delay.close()
	}
	if t.dir != "" {
		_ = os.RemoveAll(t.dir)
	}
}

// pids are those whose cost counts.
func (t *target) pids() (all []int) {
	for _, c := range []*child{t.relay, t.agent} {
		if c != nil {
			all = append(all, c.pid())
		}
	}
	return all
}
