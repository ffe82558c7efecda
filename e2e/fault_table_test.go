package e2e

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// result is what a row showed.
type result struct {
	count   [verdicts]int
	pages   map[string]int
	back    string
	twice   int
	left    string
	note    string
	skipped string
	begun   bool // the row was not left out with -run
	played  bool // to the end of the load
	failed  bool
}

func (r *result) take(w *world) {
	r.played = true
	r.count, r.pages, r.twice = w.load.count, w.load.pages, w.service.twice()
	r.back = "never"
	if back, ok := w.load.downtime(); ok {
		r.back = fmt.Sprintf("%.2f s", back.Seconds())
	}
}

// printTable writes a line for each row, and under them what the pages said.
func printTable(to io.Writer, rows []row, results []result) {
	t := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nfault\tback after\trequests\tok\trefused\tpage\tcrossed\tcut\tforeign\tlooks whole\tPOST twice\tleft behind\t")
	for i, r := range results {
		switch {
		case !r.begun:
			continue
		case r.skipped != "", !r.played:
			fmt.Fprintf(t, "%s%s%s\n", rows[i].name, strings.Repeat("\t", 12), outcome(r))
			continue
		}
		left := "nothing"
		if r.left != "" {
			left = "something"
		}
		total := 0
		for _, n := range r.count {
			total += n
		}
		c := r.count
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\n", rows[i].name, r.back, total, c[whole], c[refused], c[page],
			c[crossed], c[cut]+c[hung], c[foreign], c[pretends], r.twice, left, outcome(r))
	}
	_ = t.Flush()
	fmt.Fprintln(to)
	for i, r := range results {
		if says := r.says(); says != "" {
			fmt.Fprintf(to, "%s: %s\n", rows[i].name, says)
		}
	}
}

func outcome(r result) string {
	switch {
	case r.skipped != "":
		return "skipped: " + r.skipped
	case r.failed:
		return "FAILED"
	}
	return ""
}

// says is what the numbers do not.
func (r *result) says() string {
	var all []string
	for code, n := range r.pages {
		all = append(all, fmt.Sprintf("%d × %s", n, code))
	}
	slices.Sort(all)
	if r.note != "" {
		all = append(all, r.note)
	}
	return strings.Join(all, ", ")
}
