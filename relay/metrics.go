package relay

import (
	"fmt"
	"strconv"

	"github.com/adit-tunnel/adit/relay/admin"
	"github.com/adit-tunnel/adit/relay/cert"
	"github.com/adit-tunnel/adit/relay/edge"
)

// families are what the metrics page shows of the relay. Labels have few values: no figure is kept for each endpoint or account.
var families = []admin.Family{
	{Name: "adit_build_info", Help: "1, with the version of the program."},
	{Name: "adit_ready", Help: "1 as long as the relay takes visitors and agents."},
	{Name: "adit_sessions", Help: "Agents that are online."},
	{Name: "adit_legs", Help: "TCP connections of agents that are online."},
	{Name: "adit_streams", Help: "Streams to agents, those that wait for a request included."},
	{Name: "adit_endpoints", Help: "Endpoints that are online."},
	{Name: "adit_probe_failures_total", Help: "Probes of endpoints that went wrong."},
	{Name: "adit_edge_connections_total", Help: "Public connections accepted."},
	{Name: "adit_edge_connections_open", Help: "Public connections open."},
	{Name: "adit_edge_requests_total", Help: "Public requests whose head was understood."},
	{Name: "adit_edge_request_duration_seconds", Help: "Time from the end of a request's head to the end of its answer; upgraded connections are left out.", Histogram: true},
	{Name: "adit_edge_bytes_total", Help: "Bytes of content from visitors (in) and to them (out), by the protocol of the endpoint; headers are not counted."},
	{Name: "adit_edge_errors_total", Help: "Requests that the relay answered itself or cut, by code (docs/errors.md)."},
	{Name: "adit_edge_turned_away_total", Help: "Public connections for which there was no room, or whose address had its share."},
	{Name: "adit_edge_access_log_dropped_total", Help: "Lines that the access log lost because its writer was too slow, or failed."},
	{Name: "adit_proxy_protocol_errors_total", Help: "Connections of balancers that did not begin with a PROXY protocol header."},
	{Name: "adit_budget_held", Help: "What is in use of a budget of memory or files."},
	{Name: "adit_budget_size", Help: "The size of that budget."},
	{Name: "adit_certificates", Help: "Certificates for visitors in memory, by their source: file, acme, or internal for the relay's own CA."},
	{Name: "adit_certificate_expiration_timestamp_seconds", Help: "When the first of them ends; of the relay's own CA, which makes them when they are needed, when the CA itself does."},
	{Name: "adit_certificate_failures_total", Help: "Tries to read, have or renew one that came to nothing."},
	{Name: "adit_config_reloads_total", Help: "Times that the configuration was read again."},
	{Name: "adit_config_reload_failures_total", Help: "Times that it had a mistake, and changed nothing."},
	{Name: "adit_restart_failures_total", Help: "New processes that did not come up, so that this one went on."},
}

// gather is what the metrics page shows of the relay itself.
func (r *Relay) gather(set func(name string, value float64)) {
	e := r.edge.Stats()
	set(fmt.Sprintf("adit_build_info{version=%q}", r.o.Version), 1)
	set("adit_ready", map[bool]float64{true: 1}[r.serving.Load()])
	set("adit_sessions", float64(r.sessions.Sessions()))
	set("adit_legs", float64(r.sessions.Legs()))
	set("adit_streams", float64(r.sessions.Streams()))
	set("adit_probe_failures_total", float64(r.sessions.ProbeFailures()))
	set("adit_endpoints", float64(r.registry.Len()))
	set("adit_edge_connections_total", float64(e.Connections))
	set("adit_edge_connections_open", float64(e.Open))
	set("adit_edge_requests_total", float64(e.Requests))
	set("adit_edge_access_log_dropped_total", float64(e.LogDropped))
	set("adit_edge_turned_away_total", float64(e.TurnedAway))
	gatherDurations(set, "adit_edge_request_duration_seconds", e.Durations)
	for protocol, n := range e.BytesIn {
		set(fmt.Sprintf("adit_edge_bytes_total{direction=%q,protocol=%q}", "in", protocol), float64(n))
	}
	for protocol, n := range e.BytesOut {
		set(fmt.Sprintf("adit_edge_bytes_total{direction=%q,protocol=%q}", "out", protocol), float64(n))
	}
	set("adit_proxy_protocol_errors_total", float64(r.badHeads.Load()))
	r.shares.gather(set)
	set(`adit_budget_held{of="credit"}`, float64(r.sessions.Grown()))
	set(`adit_budget_size{of="credit"}`, float64(r.shares.grown))
	for code, n := range e.Errors {
		set(fmt.Sprintf("adit_edge_errors_total{code=%q}", code), float64(n))
	}
	if r.certs != nil {
		gatherCertificates(set, r.certs.Stats())
	}
	if r.o.Gather != nil {
		r.o.Gather(set)
	}
}

func gatherCertificates(set func(name string, value float64), all []cert.Stats) {
	for _, s := range all {
		set(fmt.Sprintf("adit_certificates{source=%q}", s.Source), float64(s.Certificates))
		set(fmt.Sprintf("adit_certificate_failures_total{source=%q}", s.Source), float64(s.Failures))
		if !s.Ends.IsZero() {
			set(fmt.Sprintf("adit_certificate_expiration_timestamp_seconds{source=%q}", s.Source), float64(s.Ends.Unix()))
		}
	}
}

// gatherDurations shows a histogram as Prometheus has them: each bucket holds those below it, too.
func gatherDurations(set func(name string, value float64), family string, h edge.Histogram) {
	n := uint64(0)
	for i, count := range h.Counts {
		n += count
		le := "+Inf"
		if i < len(edge.Bounds) {
			le = strconv.FormatFloat(edge.Bounds[i].Seconds(), 'g', -1, 64)
		}
		set(fmt.Sprintf("%s_bucket{le=%q}", family, le), float64(n))
	}
	set(family+"_sum", h.Sum.Seconds())
	set(family+"_count", float64(n))
}
