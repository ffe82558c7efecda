//go:build linux

package main

import "time"

// rows are all that can be measured, in the order in which they are. What is to reach was set on two cores where direct does referenceRate.
func rows() []row {
	return []row{
		{id: "c1", name: "1 connection", measure: keepAlive(1), columns: requests("", "≤ 0.16, aim 0.095", "", "")},
		{id: "c50", name: "50 connections", measure: keepAlive(50), columns: requests("≥ 39,000 (0.36), aim 48,000", "", "≤ 2.5", "≤ 2.9")},
		{id: "c500", name: "500 connections", measure: keepAlive(500), columns: requests("≥ 38,000, no errors", "", "", "")},
		{id: "capture", name: "50 connections: with capture, without, and with the store locked", tunnelOnly: true, measure: captureCost, columns: []column{
			{key: "on rate", unit: "req/s"}, {key: "off rate", unit: "req/s, no capture"}, {key: "cost", unit: "capture costs %", digits: 1, reach: "≤ 10"},
			{key: "locked rate", unit: "req/s, locked"}, {key: "locked cost", unit: "the lock costs %", digits: 1, reach: "0"},
			{key: "on p99", unit: "p99 ms", digits: 2}, {key: "locked p99", unit: "p99 ms, locked", digits: 2}}},
		{id: "new", name: "a new connection each, 50 at once", measure: churn, columns: requests("≥ 13,000", "", "", "")},
		{id: "down1", name: "1 download", measure: downloads(1), columns: bulk("≥ 700")},
		{id: "up1", name: "1 upload", measure: upload, columns: bulk("≥ 650")},
		{id: "down8", name: "8 downloads", measure: downloads(8), columns: append(bulk("≥ 850"),
			column{key: "relay", unit: "relay, peak MiB"}, column{key: "agent", unit: "agent, peak MiB"})},
		{id: "beside1", name: "10 connections beside a bulk download", measure: beside(1), columns: besides("", "≤ 5")},
		{id: "beside200", name: "10 connections beside 200 bulk downloads", measure: beside(200), columns: besides("≤ 10", "≤ 35")},
		besideRow("unread1", "10 connections beside 1 unread download", unreads(1), "", ""),
		besideRow("unread32", "10 connections beside 32 unread downloads", unreads(32), "≤ 40", ""),
		besideRow("unread1000", "10 connections beside 1,000 unread downloads", unreads(1000), "≤ 100", "≤ 300"),
		besideRow("trickle1000", "10 connections beside 1,000 transfers of a byte every 2 s", trickles(1000), "≤ 64", ""),
		{id: "evicted", name: "1,000 unread downloads, reader limit 3 s", tunnelOnly: true, relayArgs: []string{"--timeout", "reader=" + readerLimit.String()},
			measure: evicted, columns: []column{{key: "gone", unit: "evicted", reach: "1,000"}, {key: "after", unit: "all after s", digits: 1}}},
		{id: "tls50", name: "50 connections over TLS", protocol: "https", measure: h2load(50, 1), columns: rateAndCost()},
		{id: "h2", name: "50 requests at once on 10 HTTP/2 connections", protocol: "https", measure: h2load(10, 5), columns: rateAndCost()},
		{id: "tcp50", name: "50 connections through a tcp endpoint", protocol: "tcp", measure: keepAlive(50), columns: requests("", "", "", "")},
		{id: "tcpdown1", name: "1 download through a tcp endpoint", protocol: "tcp", measure: downloads(1), columns: bulk("≥ 0.13 of direct")},
		{id: "tcpdown8", name: "8 downloads through a tcp endpoint", protocol: "tcp", measure: downloads(8), columns: bulk("≥ 0.085 of direct")},
		{id: "idle", name: "idle", tunnelOnly: true, measure: idle, columns: memory("≤ 20", "≤ 20")},
		{id: "idle5000", name: "5,000 idle connections", tunnelOnly: true, measure: idleConnections, columns: memory("≤ 110", "≤ 25")},
		{id: "start", name: "start of the agent to the first 200", tunnelOnly: true, measure: starts,
			columns: []column{{key: "ms", unit: "ms", digits: 1, reach: "≤ 15"}}},
		{id: "rtt80", name: "1 download at 80 ms between agent and relay", tunnelOnly: true, roundTrip: 80 * time.Millisecond,
			measure: far, columns: []column{{key: "rate", unit: "MB/s", digits: 1, reach: "≥ 10"}}},
	}
}

// referenceRate is what direct does at 50 connections where the figures to reach were set.
const referenceRate = 107_000

func requests(rate, p50, p99, cpu string) []column {
	return []column{
		{key: "rate", unit: "req/s", reach: rate}, {key: "p50", unit: "p50 ms", digits: 3, reach: p50}, {key: "p99", unit: "p99 ms", digits: 2, reach: p99},
		{key: "cpu", unit: "CPU s per 100,000", digits: 2, reach: cpu},
	}
}

func rateAndCost() []column {
	return []column{{key: "rate", unit: "req/s"}, {key: "cpu", unit: "CPU s per 100,000", digits: 2}}
}

func bulk(rate string) []column {
	return []column{{key: "rate", unit: "MB/s", reach: rate}, {key: "cpu", unit: "CPU s per GiB", digits: 2}}
}

func besides(p50, p99 string) []column {
	return []column{
		{key: "rate", unit: "req/s"}, {key: "p50", unit: "p50 ms", digits: 2, reach: p50}, {key: "p99", unit: "p99 ms", digits: 2, reach: p99},
		{key: "bulk", unit: "downloads, MB/s"},
	}
}

func memory(relay, agent string) []column {
	return []column{{key: "relay", unit: "relay, MiB", digits: 1, reach: relay}, {key: "agent", unit: "agent, MiB", digits: 1, reach: agent}}
}

func besideRow(id, name string, come func(*target) (func(), error), mem, kernel string) row {
	r := row{id: id, name: name, tunnelOnly: true, measure: beforeDuringAfter(come)}
	for _, when := range []string{"before", "during", "after"} {
		reach := ""
		if when == "during" {
			reach = "as before"
		}
		r.columns = append(r.columns, column{key: when + " rate", unit: "req/s " + when, reach: reach},
			column{key: when + " p99", unit: "p99 ms " + when, digits: 2, reach: reach})
	}
	r.columns = append(r.columns, column{key: "more", unit: "relay + agent, MiB more", digits: 1, reach: mem},
		column{key: "peak", unit: "their peaks, MiB more", digits: 1}, column{key: "kernel", unit: "kernel, MiB more", digits: 1, reach: kernel})
	return r
}
