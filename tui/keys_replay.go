package tui

// replayActions are those that send requests again, and show what came of it.
func replayActions() []action {
	return []action{
		{id: "replay", on: onPanes, keys: "r", does: "replay: send the request again", label: withRequest("replay"), run: (*model).replayTargets},
		{id: "replay.options", on: onPanes, keys: "R", does: "replay elsewhere, many times, signed anew …", run: (*model).openOptions},
		{id: "edit", on: onPanes, keys: "e", does: "edit the request, see what will be sent, send it", run: (*model).openEdit},
		{id: "edit.draft", on: onPanes, keys: "E", does: "edit a copy and keep it, without sending", run: (*model).openDraft},
		{id: "diff", on: onPanes, keys: "D", does: "diff with the marked one, or of replay and original", run: (*model).compare},
		{id: "replay.results", on: onPanes, keys: "T", does: "show what came of the last requests replayed together", run: (*model).openRun},
		{id: "copy", on: onPanes, keys: "y", does: "copy: URL, cURL, headers, body …", run: (*model).openCopy},
		{id: "export", on: onPanes, keys: "x", does: "export: HAR, cURL, raw …, without secrets", label: whenMarked("export"), run: (*model).openExport},
		{id: "export.plain", on: onPanes, keys: "X", does: "export with secrets, after a question", run: (*model).openPlainExport},
		{id: "web", on: onPanes, keys: "w", does: "open the request in the browser", run: (*model).openPage},

		{id: "results.up", on: onRun, keys: "up k", does: "choose the one above", both: "choose", footer: "choose", run: (*model).runUp},
		{id: "results.down", on: onRun, keys: "down j", does: "choose the one below", with: "results.up", run: (*model).runDown},
		{id: "results.page-up", on: onRun, keys: "pgup ctrl+b ctrl+u", does: "a page up", both: "a page up, a page down", run: (*model).runPageUp},
		{id: "results.page-down", on: onRun, keys: "pgdown ctrl+f ctrl+d space", does: "a page down", with: "results.page-up", run: (*model).runPageDown},
		{id: "results.begin", on: onRun, keys: "g home", does: "go to the beginning", both: "go to the beginning, to the end", run: (*model).runBegin},
		{id: "results.end", on: onRun, keys: "G end", does: "go to the end", with: "results.begin", run: (*model).runEnd},
		{id: "results.next", on: onRun, keys: "n", does: "the next one that has not passed", both: "the next one that has not passed, the one before", run: (*model).runNext},
		{id: "results.previous", on: onRun, keys: "N", does: "the one before that has not passed", with: "results.next", run: (*model).runPrevious},
		{id: "results.open", on: onRun, keys: "enter", does: "what differs", footer: "diff", run: (*model).openOutcome},
		{id: "results.close", on: onRun, keys: "esc q", does: "close the table", footer: "close", run: (*model).lift},

		{id: "form.next", on: onForm, keys: "tab down", does: "the next field", footer: "next", run: (*model).nextField},
		{id: "form.previous", on: onForm, keys: "shift+tab up", does: "the field before", run: (*model).previousField},
		{id: "form.take", on: onForm, keys: "enter", does: "do it", footer: "send", run: (*model).takeForm},
		{id: "form.drop", on: onForm, keys: "esc", does: "close the form", footer: "cancel", run: (*model).lift},

		{id: "area.take", on: onArea, keys: "ctrl+s", does: "take what is typed", footer: "take", run: (*model).takeArea},
		{id: "area.editor", on: onArea, keys: "ctrl+e", does: "go on in your editor", footer: "$EDITOR", run: (*model).areaInEditor},
		{id: "area.drop", on: onArea, keys: "esc", does: "drop what is typed", footer: "cancel", run: (*model).dropArea},

		{id: "preview.send", on: onPreview, keys: "enter", does: "send it", footer: "send", run: (*model).sendPreview},
		{id: "preview.options", on: onPreview, keys: "R", does: "send it elsewhere, many times, signed anew …", footer: "options", run: (*model).previewOptions},
		{id: "preview.edit", on: onPreview, keys: "e", does: "edit again", footer: "edit", run: (*model).editPreview},
		{id: "preview.drop", on: onPreview, keys: "esc q", does: "send nothing; what was edited is kept", footer: "drop", run: (*model).lift},
		{id: "preview.up", on: onPreview, keys: "up k", does: "scroll up", both: "scroll", run: (*model).previewUp},
		{id: "preview.down", on: onPreview, keys: "down j", does: "scroll down", with: "preview.up", run: (*model).previewDown},
	}
}
