package store

import (
	"database/sql"
	"encoding/json"
	"strings"

	"github.com/adit-tunnel/adit/inspect"
)

// exchangeRow is what insertExchange wants. indexed says that the words have it.
func exchangeRow(it *inspect.Item, changed int64, label string, indexed bool) []any {
	x := it.Exchange
	path, query := splitTarget(x.Request.Target)
	var status int
	var reason, client string
	var resSize int64
	if r := x.Response; r != nil {
		status, reason, resSize = r.Status, r.Reason, r.Size
	}
	if x.Client.IsValid() {
		client = x.Client.String()
	}
	failure := failureText(x.Failure)
	return []any{
		int64(it.Seq), changed, string(x.ID), it.Run, int64(it.Nth), int64(x.State), exchangeFlags(it), status, it.Pinned,
		x.Start.UnixNano(), int64(x.Duration), int64(x.Wait), int64(x.Connect), x.Tries, x.Request.Size, resSize,
		x.Endpoint, x.Request.Method, x.Request.Host, path, query, client, string(x.ReplayOf), x.To, reason, label,
		sql.NullString{String: failure, Valid: failure != ""}, it.Note, !plain(x), indexed, int64(x.Kind),
	}
}

func exchangeFlags(it *inspect.Item) (flags int64) {
	for _, f := range []struct {
		set bool
		bit int64
	}{
		{it.Response != nil, flagAnswered}, {it.Edited, flagEdited}, {it.Upgraded, flagUpgraded},
		{it.Response != nil && it.Response.Made, flagMade}, {it.Summary, flagSummary}, {it.Resigned, flagResigned},
	} {
		if f.set {
			flags |= f.bit
		}
	}
	return flags
}

// splitTarget cuts a target before its question mark.
func splitTarget(target string) (path, query string) {
	if i := strings.IndexByte(target, '?'); i >= 0 {
		return target[:i], target[i:]
	}
	return target, ""
}

// failureText is a failure as JSON, "" without one.
func failureText(f *inspect.Failure) string {
	if f == nil {
		return ""
	}
	text, _ := json.Marshal(f) // numbers and texts never fail
	return string(text)
}
