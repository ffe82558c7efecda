//go:build linux

package main

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// row is one thing that is measured, on each side of the table.
type row struct {
	id, name   string
	tunnelOnly bool          // the origin alone has nothing to show
	relayArgs  []string      // beyond the usual
	agentArgs  []string      // beyond the usual
	roundTrip  time.Duration // between agent and relay, beyond loopback's
	protocol   string        // of the endpoint: "" for http, https, tcp
	measure    func(t *target) (figures, error)
	columns    []column
}

// column is a figure of a row.
type column struct {
	key, unit string
	digits    int
	reach     string // the figure to reach, on the machine of reference
}

// figures are a row's, by key: those of its columns, and errorCount.
type figures map[string]float64

// errorCount is how many errors the loads of small requests in a row met.
const errorCount = "errors"

// outcome is a row on one side in one round.
type outcome struct {
	Row     string   `json:"row"`
	Side    string   `json:"side"`
	Round   int      `json:"round"`
	Figures figures  `json:"figures"`
	Trouble []string `json:"trouble,omitempty"`
}

func (o outcome) String() string {
	var words []string
	for key, v := range o.Figures {
		words = append(words, fmt.Sprintf("%s %.5g", key, v))
	}
	slices.Sort(words)
	return strings.Join(append(words, o.Trouble...), "  ")
}

// measure does one row on one side with fresh processes, so that no row has to do with what another has left behind.
func (b *bench) measure(r row, s side, round int) outcome {
	o := outcome{Row: r.id, Side: s.name, Round: round + 1}
	t, err := b.target(r, s)
	if err == nil {
		defer t.close()
		o.Figures, err = r.measure(t)
		o.Trouble = t.trouble
	}
	if err != nil {
		o.Trouble = append(o.Trouble, "failed: "+err.Error())
	}
	return o
}

// pass lets time pass in which something else happens; false: the bench is interrupted.
func (b *bench) pass(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-b.ctx.Done():
		return false
	}
}

func rowIDs(all []row) (ids []string) {
	for _, r := range all {
		ids = append(ids, r.id)
	}
	return ids
}

// choose keeps the rows of the list, all when it is empty.
func choose(all []row, list string) ([]row, error) {
	if list == "" {
		return all, nil
	}
	wanted := strings.Split(list, ",")
	for _, id := range wanted {
		if !slices.Contains(rowIDs(all), id) {
			return nil, fmt.Errorf("there is no row %q; the rows are %s", id, strings.Join(rowIDs(all), ","))
		}
	}
	return slices.DeleteFunc(all, func(r row) bool { return !slices.Contains(wanted, r.id) }), nil
}
