package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// formSheet is a form: fields that are typed in, and switches.
type formSheet struct {
	title  string
	fields []*field
	at     int    // the field that is typed in
	wrong  string // what is wrong with none of them in particular
	busy   string // what is being done: the form waits
	// take gets the form at enter, and takes it away when it is done.
	take func(*model, *formSheet) tea.Cmd
}

// field is a line of a form: a text, or a switch.
type field struct {
	key    string // by which errors name it
	name   string
	input  textinput.Model
	toggle bool
	on     bool
	hint   string // what the switch means
	off    string // why it cannot be switched on
	wrong  string
}

// fieldLimit is how much text a field of a form takes, in characters.
const fieldLimit = 2000

func textField(key, name, placeholder, text string) *field {
	return &field{key: key, name: name, input: newInput(placeholder, text, fieldLimit)}
}

func (f *formSheet) field(key string) *field {
	for _, field := range f.fields {
		if field.key == key {
			return field
		}
	}
	return nil
}

// text is what a field holds.
func (f *formSheet) text(key string) string { return strings.TrimSpace(f.field(key).input.Value()) }

// fail says what is wrong, at the field of that key if there is one.
func (f *formSheet) fail(key, text string) {
	for i, field := range f.fields {
		if field.key == key {
			field.wrong, f.at = text, i
			return
		}
	}
	f.wrong = text
}

func (*formSheet) where() where       { return onForm }
func (*formSheet) line(*model) string { return "" }

func (f *formSheet) body(m *model, room int) []string {
	lines := []string{m.look.Heading(view.Sanitize(f.title))}
	wide := 0
	for _, field := range f.fields {
		wide = max(wide, pane.Width(field.name))
	}
	seen := 1
	for i, field := range f.fields {
		if i == f.at {
			seen = len(lines)
		}
		lines = append(lines, pane.Clip(field.draw(m, min(wide, m.look.Width/3), i == f.at), m.look.Width))
		for _, wrong := range m.mistake(field.wrong, m.look.Width-2) {
			lines = append(lines, pane.Clip("  "+wrong, m.look.Width))
		}
	}
	lines = append(lines, m.mistake(f.wrong, m.look.Width)...)
	if f.busy != "" {
		lines = append(lines, m.look.Quiet.Render(pane.Clip(f.busy, m.look.Width)))
	}
	return reaching(lines, seen+1, room)
}

func (f *field) draw(m *model, wide int, here bool) string {
	mark := "  "
	if here {
		mark = m.look.Key.Render("›") + " "
	}
	line := mark + m.look.Quiet.Render(pane.Pad(f.name, wide)) + " "
	room := max(m.look.Width-2-wide-1, 1)
	switch {
	case f.off != "":
		return line + m.look.Quiet.Render(pane.Clip("no: "+view.Sanitize(f.off), room))
	case f.toggle && f.on:
		return line + pane.Clip("[x] "+f.hint, room)
	case f.toggle:
		return line + pane.Clip("[ ] "+m.look.Quiet.Render(f.hint), room)
	case here:
		f.input.Width = max(room-1, 1)
		f.input.PlaceholderStyle = m.look.Quiet
		return line + view.SanitizeTyped(f.input.View())
	case f.input.Value() == "":
		return line + m.look.Quiet.Render(pane.Clip(f.input.Placeholder, room))
	}
	return line + pane.Clip(view.Sanitize(f.input.Value()), room)
}

// typed takes text, or switches a switch.
func (f *formSheet) typed(_ *model, k tea.KeyMsg) (cmd tea.Cmd) {
	at := f.fields[f.at]
	f.wrong, at.wrong = "", ""
	switch {
	case !at.toggle:
		at.input, cmd = at.input.Update(k)
	case k.String() == " " || k.Type == tea.KeyLeft || k.Type == tea.KeyRight:
		at.on = !at.on && at.off == ""
	}
	return cmd
}

func (m *model) nextField() tea.Cmd     { return m.moveInForm(1) }
func (m *model) previousField() tea.Cmd { return m.moveInForm(-1) }

func (m *model) moveInForm(by int) tea.Cmd {
	if f, ok := m.top().(*formSheet); ok {
		f.at = (f.at + by + len(f.fields)) % len(f.fields)
	}
	return nil
}

func (m *model) takeForm() tea.Cmd {
	f, ok := m.top().(*formSheet)
	if !ok || f.busy != "" {
		return nil
	}
	f.wrong = ""
	return f.take(m, f)
}
