//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// printTable prints a line for each figure of each row: the median of the rounds with the least and the most, the ratio of each tunnel to direct, and what
// is to reach. Errors have lines of their own, and what they were is said below.
func printTable(w io.Writer, rows []row, sides []side, all []outcome) {
	fmt.Fprintf(w, "%s, %d CPUs, %s", runtime.Version(), runtime.NumCPU(), kernel())
	if v := values(all, "c50", "direct", "rate"); len(v) > 0 {
		fmt.Fprintf(w, "; direct at 50 connections: %.2f of the reference's %d req/s", median(v)/referenceRate, referenceRate)
	}
	fmt.Fprint(w, "\n\n")
	head := []string{"row", "figure", "direct"}
	for _, s := range sides[1:] {
		head = append(head, s.name, "of direct")
	}
	table := [][]string{append(head, "reach (reference)"), slices.Repeat([]string{"---"}, len(head)+1)}
	for _, r := range rows {
		table = append(table, lines(r, sides, all)...)
	}
	for _, line := range table {
		fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | "))
	}
	fmt.Fprintln(w)
	for _, o := range all {
		if len(o.Trouble) > 0 {
			fmt.Fprintf(w, "- %s, %s, round %d: %s\n", o.Row, o.Side, o.Round, strings.Join(o.Trouble, "; "))
		}
	}
}

// lines are those of a row.
func lines(r row, sides []side, all []outcome) (out [][]string) {
	name := r.name
	for _, c := range append(slices.Clone(r.columns), column{key: errorCount, unit: errorCount}) {
		direct := values(all, r.id, "direct", c.key)
		line := []string{name, c.unit, spread(direct, c.digits)}
		wrong := slices.Max(append(direct, 0)) > 0
		for _, s := range sides[1:] {
			v := values(all, r.id, s.name, c.key)
			line = append(line, spread(v, c.digits), ratio(v, direct))
			wrong = wrong || slices.Max(append(v, 0)) > 0
		}
		if c.key == errorCount && !wrong {
			continue
		}
		out = append(out, append(line, c.reach))
		name = ""
	}
	return out
}

// values are a figure's in all rounds.
func values(all []outcome, row, side, key string) (out []float64) {
	for _, o := range all {
		if v, ok := o.Figures[key]; ok && o.Row == row && o.Side == side {
			out = append(out, v)
		}
	}
	return out
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

func spread(v []float64, digits int) string {
	if len(v) == 0 {
		return "–"
	}
	text := decimal(median(v), digits)
	if len(v) > 1 {
		text += fmt.Sprintf(" (%s–%s)", decimal(slices.Min(v), digits), decimal(slices.Max(v), digits))
	}
	return text
}

// decimal is a number with commas between thousands.
func decimal(x float64, digits int) string {
	whole, rest, dot := strings.Cut(strconv.FormatFloat(x, 'f', digits, 64), ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + rest
	}
	return whole
}

func ratio(v, direct []float64) string {
	if len(v) == 0 || len(direct) == 0 || median(direct) == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", median(v)/median(direct))
}

func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return "Linux " + strings.TrimSpace(string(b))
}

func writeJSON(file string, all []outcome) error {
	b, err := json.MarshalIndent(all, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(b, '\n'), 0o644)
}
