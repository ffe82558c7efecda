package e2e

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

func linkFaults() []row {
	return []row{{
		name:    "link cut without a reset, 10 s",
		fault:   func(w *world) { w.cutsLink(10 * time.Second) },
		survive: true,
	}, {
		name:    "link cut without a reset, 25 s",
		fault:   func(w *world) { w.cutsLink(25 * time.Second) },
		survive: true,
	}, {
		name: "old connection cut for good, new ones work",
		fault: func(w *world) {
			w.firewall(w.agentsSource())
			w.load.mend()
		},
		survive: true,
	}}
}

// cutsLink drops what passes between agents and relay, both ways, for d.
func (w *world) cutsLink(d time.Duration) {
	lift := w.firewall("")
	w.pass(d)
	w.load.mend()
	lift()
}

func portOf(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return port
}

var tables atomic.Int64

// firewall drops, without telling anybody, what passes between the relay's agents' port and the port at the other end ("": any), until it is
// lifted or the test ends. Both ports are named, because the system may give the other one to somebody else later.
func (w *world) firewall(other string) (lift func()) {
	w.t.Helper()
	name := fmt.Sprintf("adit_test_%d_%d", os.Getpid(), tables.Add(1))
	lift = func() { _ = nft("delete table inet " + name) }
	up, down := "tcp dport "+portOf(w.agents), "tcp sport "+portOf(w.agents)
	if other != "" {
		up, down = up+" tcp sport "+other, down+" tcp dport "+other
	}
	err := nft(fmt.Sprintf("table inet %s {\n chain in {\n type filter hook input priority 0\n %s drop\n %s drop\n }\n}\n", name, up, down))
	if err != nil {
		w.skip("nft: " + err.Error())
	}
	w.t.Cleanup(lift)
	return lift
}

func nft(rules string) error {
	cmd := exec.Command("nft", "-f", "-")
	cmd.Env = append(os.Environ(), "PATH="+os.Getenv("PATH")+":/usr/sbin:/sbin")
	if _, err := exec.LookPath("nft"); err != nil {
		cmd = exec.Command("/usr/sbin/nft", "-f", "-")
	}
	cmd.Stdin = strings.NewReader(rules)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// agentsSource is the port from which the agent is connected to the relay.
func (w *world) agentsSource() string {
	w.t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		w.skip("this system does not show its connections")
	}
	const established = "01"
	port, _ := strconv.Atoi(portOf(w.agents))
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 3 && f[3] == established && strings.HasSuffix(f[2], fmt.Sprintf(":%04X", port)) {
			b, err := hex.DecodeString(f[1][len(f[1])-4:])
			if err == nil {
				return strconv.Itoa(int(b[0])<<8 | int(b[1]))
			}
		}
	}
	w.t.Fatal("the agent has no connection to the relay")
	return ""
}

// skip ends the row with a reason, which the table shows.
func (w *world) skip(reason string) {
	w.t.Helper()
	w.out.skipped = reason
	w.t.Skip(reason)
}
