package pane

import (
	"slices"
	"strings"
)

// Column is a column of the list.
type Column uint8

// The columns, as they stand from left to right.
const (
	ColTime Column = iota
	ColMethod
	ColPath
	ColStatus
	ColDuration
	ColSize
	ColHost
	ColEndpoint
	ColLabel // what a known sender's request says: "stripe · invoice.paid"
	columnCount
)

var columnNames = [columnCount]string{"Time", "Method", "Path", "Status", "Took", "Size", "Host", "Endpoint", "Label"}

// String is the column's name.
func (c Column) String() string { return columnNames[c] }

// Columns is a set of them.
type Columns uint16

// Of is the set of these columns.
func Of(columns ...Column) (set Columns) {
	for _, c := range columns {
		set |= 1 << c
	}
	return set
}

// Has says that c is in the set.
func (s Columns) Has(c Column) bool { return s&(1<<c) != 0 }

// AllColumns are all of them.
func AllColumns() Columns { return 1<<columnCount - 1 }

// Order is what the list is sorted by. The zero value is as the exchanges came.
type Order struct {
	By       Column
	Reversed bool
}

// Sign shows which way the order goes: down from what is large or Z, or up from what is small or A.
func (o Order) Sign() string {
	down := o.By == ColStatus || o.By == ColDuration || o.By == ColSize
	if down != o.Reversed {
		return "▾"
	}
	return "▴"
}

const (
	clockFull  = 12 // 15:04:05.000
	clockShort = 8  // 15:04:05
	methodCell = 8  // OPTIONS and a space
	signCells  = 2  // the signs of the selected row and of a mark,
	markCell   = 3  // and a space
	statusFull = 26 // 500 Internal Server Error
	statusText = 16 // 200 OK, 404 Not Found, LOCAL_REFUSED
	statusCode = 3  // 200
	gap        = 2  // between columns behind the path
	bareBelow  = 40 // cells below which only method, status and path are left
)

// widest is how wide columns are when there is room; the path has what is left.
var widest = [columnCount]int{ColTime: clockFull, ColMethod: methodCell, ColStatus: statusFull, ColDuration: 8, ColSize: 8, ColHost: 22, ColEndpoint: 14, ColLabel: 26}

// giving is the fixed order in which columns give way to a narrow terminal: each step is taken when the path has less than its least width.
var giving = []struct {
	column    Column
	to, least int
}{
	{ColStatus, statusText, 40},
	{ColLabel, 0, 26},
	{ColEndpoint, 0, 26},
	{ColSize, 0, 22},
	{ColStatus, statusCode, 22},
	{ColTime, clockShort, 20},
	{ColDuration, 0, 16},
	{ColTime, 0, 14},
	{ColHost, 0, 12},
}

// slot is the part of a row that a column has.
type slot struct {
	column      Column
	left, width int
}

// Table draws the list's rows in the same columns.
type Table struct {
	look  Look
	cells []slot
	sign  int // where the mark of the selected row stands
}

// Table shares the look's width out between the columns that are wanted; method, path and status are always there.
func (l Look) Table(want Columns) Table {
	want |= Of(ColMethod, ColPath, ColStatus)
	widths := widest
	for c := range columnCount {
		if !want.Has(c) {
			widths[c] = 0
		}
	}
	if l.Width < bareBelow {
		return l.bareTable()
	}
	for _, g := range giving {
		if pathOf(widths, l.Width) < g.least {
			widths[g.column] = min(widths[g.column], g.to)
		}
	}
	widths[ColPath] = pathOf(widths, l.Width)
	t := Table{look: l, sign: widths[ColTime]}
	left := 0
	for c, width := range widths {
		if width == 0 && Column(c) != ColPath {
			continue
		}
		switch {
		case Column(c) == ColMethod:
			left += markCell
		case Column(c) > ColPath:
			left += gap
		}
		t.cells = append(t.cells, slot{Column(c), left, width})
		left += width
	}
	return t
}

// bareTable is for what is hardly a terminal: method, code, path.
func (l Look) bareTable() Table {
	path := markCell + methodCell + statusCode + 1
	return Table{look: l, cells: []slot{
		{ColMethod, markCell, methodCell},
		{ColStatus, markCell + methodCell, statusCode},
		{ColPath, path, max(l.Width-path, 0)},
	}}
}

// pathOf is what the other columns leave of width.
func pathOf(widths [columnCount]int, width int) int {
	width -= markCell
	for c, w := range widths {
		if Column(c) == ColPath || w == 0 {
			continue
		}
		if width -= w; Column(c) > ColPath {
			width -= gap
		}
	}
	return max(width, 0)
}

// Header draws the names of the columns, and what they are sorted by when that is not as they came.
func (t Table) Header(o Order) string {
	var b strings.Builder
	at := 0
	for _, c := range t.cells {
		name := c.column.String()
		if c.column == ColStatus && c.width <= statusCode {
			name = "Sta"
		}
		if o != (Order{}) && o.By == c.column {
			name = Clip(name, c.width-1) + o.Sign()
		}
		b.WriteString(blank(c.left-at) + c.fit(name))
		at = c.left + c.width
	}
	return t.look.Quiet.Render(Clip(b.String(), t.look.Width))
}

// Has says that there was room for c.
func (t Table) Has(c Column) bool {
	return slices.ContainsFunc(t.cells, func(s slot) bool { return s.column == c })
}

// At is the column at a cell of the line.
func (t Table) At(x int) (Column, bool) {
	for i := len(t.cells) - 1; i >= 0; i-- {
		if c := t.cells[i]; x >= c.left {
			return c.column, x < c.left+c.width
		}
	}
	return 0, false
}

// fit puts figures to the right, and all other text to the left.
func (c slot) fit(text string) string {
	if c.column == ColDuration || c.column == ColSize {
		return PadLeft(text, c.width)
	}
	return Pad(text, c.width)
}
