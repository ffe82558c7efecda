package diff

import "fmt"

// Brief says in a few words how a replay's answer compares with the original's: "same body", "3 values differ", "status 200 → 500".
func Brief(d Diff) string {
	m := &d.Response
	n, fields := count(m.Content), count(m.Fields)
	switch {
	case d.Old == 0 && d.New == 0:
		return "no answer again"
	case d.Old != d.New:
		return d.statuses()
	case n > 0 && m.How == JSON:
		return number(n, "value")
	case n > 0 && m.How == Text:
		return number(n, "line")
	case n > 0:
		return "other body"
	case len(m.Notes) > m.quiet:
		return "not compared whole"
	case fields > 0:
		return "same body, " + number(fields, "header")
	}
	return "same body"
}

// statuses says how the statuses differ.
func (d *Diff) statuses() string {
	switch {
	case d.New == 0:
		return "no answer now"
	case d.Old == 0:
		return "answered now"
	}
	return fmt.Sprintf("status %d → %d", d.Old, d.New)
}

// number is "1 value differs", or "3 values differ".
func number(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what + " differs"
	case n >= maxChanges: // further ones are left out
		return fmt.Sprintf("%d %ss or more differ", maxChanges, what)
	}
	return fmt.Sprintf("%d %ss differ", n, what)
}

// Briefs says what differs between the answers, each in a few words, at most limit: "status", "header.location", "$.data.id", "line 12". They are safe to show.
func Briefs(d Diff, limit int) (all []string) {
	m := &d.Response
	if d.Old != d.New {
		all = append(all, d.statuses())
	}
	add := func(changes []Change, prefix string) {
		for _, c := range changes {
			if c.Kind != Same && !c.Volatile {
				all = append(all, prefix+c.Where)
			}
		}
	}
	add(m.Fields, "header.")
	add(m.Content, map[How]string{Text: "line "}[m.How])
	if len(m.Notes) > m.quiet && d.Old*d.New != 0 {
		all = append(all, m.Notes[m.quiet:]...)
	}
	if more := len(all) - limit; more > 0 {
		all = append(all[:limit], fmt.Sprintf("%d more", more))
	}
	return all
}
