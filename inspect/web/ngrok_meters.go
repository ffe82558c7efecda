package web

import "github.com/adit-tunnel/adit/inspect"

// metersJSON are the figures of one tunnel or endpoint.
type metersJSON struct {
	Conns connsJSON `json:"conns"`
	HTTP  meterJSON `json:"http"`
}

type connsJSON struct {
	Count int64 `json:"count"`
	Gauge int64 `json:"gauge"`
	ratesJSON
}

type meterJSON struct {
	Count int64 `json:"count"`
	ratesJSON
}

// ratesJSON are events per second and durations in nanoseconds.
type ratesJSON struct {
	Rate1  float64 `json:"rate1"`
	Rate5  float64 `json:"rate5"`
	Rate15 float64 `json:"rate15"`
	P50    int64   `json:"p50"`
	P90    int64   `json:"p90"`
	P95    int64   `json:"p95"`
	P99    int64   `json:"p99"`
}

func metersOf(e inspect.Endpoint) metersJSON {
	return metersJSON{
		Conns: connsJSON{e.Conns.Count, e.Conns.Open, ratesOf(e.Conns)},
		HTTP:  meterJSON{e.Requests.Count, ratesOf(e.Requests)},
	}
}

func ratesOf(m inspect.Meters) ratesJSON {
	return ratesJSON{
		Rate1: m.Rate1, Rate5: m.Rate5, Rate15: m.Rate15,
		P50: m.P50.Nanoseconds(), P90: m.P90.Nanoseconds(), P95: m.P95.Nanoseconds(), P99: m.P99.Nanoseconds(),
	}
}
