//go:build linux

package main

import (
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"time"
)

// protocolArgs are what the relay needs for rows of other protocols than http.
var protocolArgs = map[string][]string{
	"https": {"--https", "127.0.0.1:0"},
	"tcp":   {"--tcp-ports", "20000-29999"},
}

// endpointArgs are what the agent puts online.
func (t *target) endpointArgs() []string {
	if t.protocol == "tcp" {
		return []string{"tcp", t.b.origin}
	}
	return []string{"http", t.b.origin, "--url", host}
}

// tcpAddr is where the endpoint of an agent that said this line is, on this machine.
func tcpAddr(line string) (string, error) {
	u, err := url.Parse(tells(line)["url"])
	if err != nil || u.Scheme != "tcp" {
		return "", fmt.Errorf("the agent says %q, which names no tcp endpoint", line)
	}
	return net.JoinHostPort("127.0.0.1", u.Port()), nil
}

// h2load is small requests on conns connections, streams at once on each, over HTTP/2 where these are more than one and by HTTP/1.1 else. The origin speaks
// neither TLS nor HTTP/2: directly it is asked by HTTP/1.1 on as many connections.
func h2load(conns, streams int) func(t *target) (figures, error) {
	return func(t *target) (figures, error) {
		if _, err := t.h2load(conns, streams, warm); err != nil {
			return nil, err
		}
		before := cpu(t.pids())
		l, err := t.h2load(conns, streams, t.b.dur)
		if err != nil {
			return nil, err
		}
		f := figures{}
		t.note(f, "", l)
		if t.relay != nil && l.n > 0 {
			f["cpu"] = (cpu(t.pids()) - before) / float64(l.n) * 100_000
		}
		return f, nil
	}
}

func (t *target) h2load(conns, streams int, dur time.Duration) (l smallLoad, err error) {
	scheme := "https"
	if t.relay == nil {
		scheme, conns, streams = "http", conns*streams, 1
	}
	_, port, err := net.SplitHostPort(t.addr)
	if err != nil {
		return l, err
	}
	args := []string{"-t1", fmt.Sprintf("-c%d", conns), fmt.Sprintf("-m%d", streams), fmt.Sprintf("-D%d", max(1, int(dur.Seconds()))), "--connect-to=" + t.addr}
	if streams == 1 {
		args = append(args, "--h1")
	}
	out, err := t.b.command("h2load", append(args, fmt.Sprintf("%s://%s/small", scheme, net.JoinHostPort(host, port)))...).Output()
	if err != nil {
		return l, fmt.Errorf("h2load: %w", err)
	}
	return readH2load(string(out)), nil
}

var (
	finishedOf = regexp.MustCompile(`finished in [^,]+, ([\d.]+) req/s`)
	countsOf   = regexp.MustCompile(`requests: .* (\d+) succeeded, ((\d+) failed, (\d+) errored, (\d+) timeout)`)
)

// readH2load reads what h2load says of a load; it tells no percentiles.
func readH2load(out string) (l smallLoad) {
	if m := finishedOf.FindStringSubmatch(out); m != nil {
		l.rate, _ = strconv.ParseFloat(m[1], 64)
	}
	if m := countsOf.FindStringSubmatch(out); m != nil {
		l.n = whole(m, 1)
		if l.errors = whole(m, 3); l.errors > 0 { // which counts the errored and the late, too
			l.errorsInWords = m[2]
		}
	}
	return l
}
