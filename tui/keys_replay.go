package tui

// replayActions are those that send requests again.
func replayActions() []action {
	return []action{
		{id: "replay", on: onPanes, keys: "r", does: "replay: send the request again", footer: "replay", run: (*model).replaySelected},
	}
}
