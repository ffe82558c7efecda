package tui

// keepActions are those that change what is kept.
func keepActions() []action {
	return []action{
		{id: "note", on: onPanes, keys: ";", does: "write a note", run: (*model).editNote},
		{id: "tag", on: onPanes, keys: "t", does: "tags: bug-42 adds one, -bug-42 takes it away", run: (*model).editTags},
		{id: "pin", on: onPanes, keys: "p", does: "pin: it is never pruned; again: as the others", run: (*model).togglePin},
		{id: "delete", on: onPanes, keys: "d", does: "delete; for some seconds it can be undone", label: whenMarked("delete"), run: (*model).deleteTargets},
		{id: "undo", on: onPanes, keys: "u", does: "undo the deletion", run: (*model).undoDelete},
		{id: "purge", on: onPanes, does: "delete all that the list shows, or a filter means", run: (*model).askPurge,
			arg: "FILTER", take: (*model).takePurge},
	}
}
