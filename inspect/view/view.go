// Package view words exchanges for people, the same in every face: statuses, times, sizes, header fields, content, one line of logfmt.
//
//	c := view.Open(&x.Request.Message, body, view.Limits{})       // content as lines of spans, which a face may colour
//	for m := range view.Messages(x, request, response) { … }      // what passed on a WebSocket, an event stream, a gRPC call
//	view.Label(x), view.Facts(it), view.Timing(x)                 // a row's name, and the overview
//
// What passed was written by strangers. A result is safe to write to a terminal, a log or a page's text unless its comment says that it is raw;
// whatever else a face shows of an exchange it passes through Sanitize first.
package view

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/adit-tunnel/adit/inspect"
)

// Status words how an exchange came out: "200 OK", the failure's name when there is no response from the local service, "" while there is
// none yet. That of a connection says how far it is: open, closed, or the failure's name. A response without a reason phrase gets the registered one (RFC 9110, section 15).
func Status(x *inspect.Exchange) string {
	if x.IsConnection() {
		return connectionStatus(x)
	}
	r := x.Response
	if x.Failure != nil && x.Failure.Name != "" && (r == nil || r.Made) {
		return Sanitize(x.Failure.Name)
	}
	if r == nil {
		return ""
	}
	return StatusText(r.Status, r.Reason)
}

// StatusText is a status code with its reason phrase, or with the registered one when there is none.
func StatusText(code int, reason string) string {
	if reason == "" {
		reason = http.StatusText(code)
	}
	if reason == "" {
		return strconv.Itoa(code)
	}
	return strconv.Itoa(code) + " " + Sanitize(reason)
}

// Duration words d with about three digits, at most eleven cells: "850 µs", "12 ms", "1.42 s", "2 min 5 s", "3 h 20 min", "9 d 4 h".
func Duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return "0 ms"
	case d < time.Millisecond:
		return fmt.Sprintf("%d µs", max(d/time.Microsecond, 1))
	case d < time.Second:
		return fmt.Sprintf("%d ms", d/time.Millisecond)
	case d < 10*time.Second:
		return fmt.Sprintf("%.2f s", d.Truncate(10*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", d/time.Minute, d%time.Minute/time.Second)
	case d < day:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
}

// Requests counts them: "1 request", "3 requests".
func Requests(n int) string {
	if n == 1 {
		return "1 request"
	}
	return strconv.Itoa(n) + " requests"
}

// Size words a number of bytes in at most eight characters: "0 B", "512 B", "1.2 KiB", "64 MiB", "481 KiB".
func Size(n int64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", max(n, 0))
	}
	f, unit := float64(n)/1024, 0
	for ; f >= 1023.5 && unit < 5; unit++ {
		f /= 1024
	}
	digits := 1
	if f >= 100 {
		digits = 0
	}
	text := strconv.FormatFloat(f, 'f', digits, 64)
	if len(text) > 2 && text[len(text)-2:] == ".0" {
		text = text[:len(text)-2]
	}
	return text + " " + [...]string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[unit]
}
