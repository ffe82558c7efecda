package tui

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"github.com/adit-tunnel/adit/inspect"
	"github.com/adit-tunnel/adit/inspect/view"
	"github.com/adit-tunnel/adit/tui/pane"
)

// views are the filters that have names: tabs above the list, which all faces share.
type views struct {
	all     []inspect.View
	counts  map[string]string // how many exchanges of this run each has, by name
	chosen  string            // the name of the last one that was shown
	reading bool
	due     time.Time // when they may be read again
}

// viewed is the views as a command has read them.
type viewed struct {
	all    []inspect.View
	counts map[string]string
	took   time.Duration
	err    error
}

// viewKept is the end of saving or deleting a view.
type viewKept struct {
	view    inspect.View
	deleted bool
	err     error
}

// readViews has the views read and counted, when their time has come.
func (m *model) readViews() tea.Cmd {
	if m.work.source.Keeper == nil || m.views.reading || m.now.Before(m.views.due) {
		return nil
	}
	m.views.reading = true
	return m.work.readViews()
}

// onViewed takes the views. What cannot be read now is read later; the tabs stay meanwhile.
func (m *model) onViewed(v viewed) tea.Cmd {
	m.views.reading, m.views.due = false, m.now.Add(max(time.Second, countsRest*v.took))
	if v.err == nil {
		m.views.all, m.views.counts = v.all, v.counts
	}
	return nil
}

// tabs are the views as they are drawn: everything first.
func (m *model) tabs() []pane.ViewTab {
	chosen := m.chosenView()
	tabs := []pane.ViewTab{{Name: "all", Count: strconv.FormatUint(m.total, 10), Chosen: chosen == 0}}
	for i, v := range m.views.all {
		tabs = append(tabs, pane.ViewTab{Name: view.Sanitize(v.Name), Count: m.views.counts[v.Name], Chosen: chosen == i+1})
	}
	return tabs
}

// chosenView is the tab of what the list shows, -1: none. Of several with the same filter it is the one that was chosen.
func (m *model) chosenView() int {
	if m.prompt.filter == nil {
		return 0
	}
	at := -1
	for i, v := range m.views.all {
		if (at < 0 || v.Name == m.views.chosen) && sameFilter(v.Filter, m.prompt.filter) {
			at = i + 1
		}
	}
	return at
}

func sameFilter(text string, f *inspect.Filter) bool {
	g, err := inspect.ParseFilter(text)
	return err == nil && g.String() == f.String()
}

// chooseView shows what a tab stands for.
func (m *model) chooseView(tab int) tea.Cmd {
	if tab <= 0 || tab > len(m.views.all) {
		return m.show(nil)
	}
	return m.showView(m.views.all[tab-1])
}

// showView lists what passes the view's filter.
func (m *model) showView(v inspect.View) tea.Cmd {
	cmd, err := m.setFilter(v.Filter)
	if err != nil {
		m.say(m.look.Bad.Render, view.Sanitize("the view "+v.Name+": "+err.Error()))
	}
	m.views.chosen = v.Name
	return cmd
}

// viewNamed shows the view of that name, or of the only one that begins so.
func (m *model) viewNamed(name string) (tea.Cmd, error) {
	found := -1
	for i, t := range m.tabs() {
		switch {
		case t.Name == name:
			return m.chooseView(i), nil
		case strings.HasPrefix(t.Name, name) && found < 0:
			found = i
		case strings.HasPrefix(t.Name, name):
			return nil, fmt.Errorf("several views begin with %q", name)
		}
	}
	if found < 0 {
		return nil, fmt.Errorf("there is no view %q", name)
	}
	return m.chooseView(found), nil
}

func (m *model) nextView() tea.Cmd     { return m.turnViews(1) }
func (m *model) previousView() tea.Cmd { return m.turnViews(-1) }

// turnViews goes through the tabs in a circle.
func (m *model) turnViews(by int) tea.Cmd {
	n := len(m.views.all) + 1
	if n == 1 {
		m.noViews()
		return nil
	}
	at := m.chosenView()
	if at < 0 { // it is no view
		at = 0
	}
	return m.chooseView((at + by + n) % n)
}

func (m *model) noViews() {
	m.say(m.look.Quiet.Render, "no view has been saved yet: filter the list ("+m.keyOf("filter.open")+"), then save the filter ("+m.keyOf("view.save")+")")
}

// openViews is the menu of views.
func (m *model) openViews() tea.Cmd {
	if len(m.views.all) == 0 {
		m.noViews()
		return nil
	}
	menu := m.viewsMenu("Views", (*model).showView)
	menu.choices = append([]choice{{"0", "all", func(m *model) tea.Cmd { return m.chooseView(0) }}}, menu.choices...)
	menu.choices = append(menu.choices, choice{"d", "delete one …", func(m *model) tea.Cmd {
		m.lay(m.viewsMenu("Delete which view?", (*model).deleteView))
		return nil
	}})
	menu.at = max(m.chosenView(), 0)
	m.lay(menu)
	return nil
}

// viewsMenu has the views with a digit each, as far as there are digits. They are those of when it was opened: other faces may change them meanwhile.
func (m *model) viewsMenu(title string, run func(*model, inspect.View) tea.Cmd) *menuSheet {
	menu := &menuSheet{title: title}
	for i, v := range m.views.all {
		key := ""
		if i < 9 {
			key = strconv.Itoa(i + 1)
		}
		does := view.Sanitize(fmt.Sprintf("%s  %s", v.Name, v.Filter))
		menu.choices = append(menu.choices, choice{key, does, func(m *model) tea.Cmd { return run(m, v) }})
	}
	return menu
}

func (m *model) deleteView(v inspect.View) tea.Cmd {
	return m.work.keepView(v, func(ctx context.Context, k inspect.Keeper) error { return k.DeleteView(ctx, v.Name) }, true)
}

// saveView asks for the name under which what the list is filtered by is kept.
func (m *model) saveView() tea.Cmd {
	switch {
	case m.work.source.Keeper == nil:
		m.say(m.look.Warn.Render, "views cannot be kept here")
		return nil
	case m.prompt.filter == nil:
		m.say(m.look.Warn.Render, "there is no filter to be saved")
		return nil
	case m.where() == onFilter && m.prompt.wrong != nil:
		return nil
	}
	var cmd tea.Cmd
	if m.where() == onFilter {
		cmd = m.keepFilter()
	}
	name := ""
	if at := m.chosenView(); at > 0 {
		name = m.views.all[at-1].Name
	}
	return tea.Batch(cmd, m.askViewName(name, m.prompt.filter.String()))
}

// askViewName has the name typed; a name that is there already gets the new filter.
func (m *model) askViewName(name, filter string) tea.Cmd {
	return m.askLine("save "+view.Sanitize(pane.Clip(filter, 30))+" as", "a name", name, 64, func(m *model, text string) (tea.Cmd, error) {
		text = strings.TrimSpace(text)
		if text == "" {
			return nil, errors.New("a view needs a name")
		}
		v := inspect.View{Name: text, Filter: filter}
		return m.work.keepView(v, func(ctx context.Context, k inspect.Keeper) error { return k.SaveView(ctx, v) }, false), nil
	})
}

// onViewKept says how it went; a name that cannot be one is in the line again, with what is wrong.
func (m *model) onViewKept(v viewKept) tea.Cmd {
	switch {
	case v.err != nil && v.deleted:
		m.say(m.look.Bad.Render, view.Sanitize("the view was not deleted: "+v.err.Error()))
	case v.err != nil:
		cmd := m.askViewName(v.view.Name, v.view.Filter)
		if line, ok := m.top().(*lineSheet); ok {
			line.wrong = v.err.Error()
		}
		return cmd
	case v.deleted:
		m.say(m.look.Note.Render, view.Sanitize("the view "+v.view.Name+" is deleted"))
	default:
		m.say(m.look.Note.Render, view.Sanitize("saved as the view "+v.view.Name))
	}
	m.views.due = time.Time{}
	return m.readViews()
}
