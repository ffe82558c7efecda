// The keys, the same as in the dashboard. The table is all there is to know about them: the help is made from it.
import { button, dialog, el } from "./dom.js";

const table = [
  ["Requests"],
  ["ArrowUp k", "↑ ↓", "select a request (also k j)", "up"],
  ["ArrowDown j", "", "", "down"],
  ["PageUp", "pgup pgdn", "a page up, a page down", "pageUp"],
  ["PageDown", "", "", "pageDown"],
  ["Home g", "g G", "the first, the last in the list", "first"],
  ["End G", "", "", "last"],
  ["/", "/", "filter; enter keeps it, ↑ recalls those before", "slash"],
  ["ctrl+s", "ctrl+s", "keep the filter under a name", "save"],
  ["Space", "space v *", "mark the request, a range while moving, all: r, R, D, x and d act on them", "mark"],
  ["v", "", "", "markRange"],
  ["*", "", "", "markAll"],
  ["T", "T", "what came of the last run", "results"],
  ["x", "x X", "export what is marked, or all that is listed, as HAR, without secrets; with all", "har", true],
  ["X", "", "", "har", false],
  ["The selected request"],
  ["Enter ArrowRight l", "enter", "open it, then scroll in it (also → l)", "enter"],
  ["Escape ArrowLeft Backspace q h", "esc", "back: from the request, the run, the marks, the filter (also ← q)", "back"],
  ["J", "J K", "scroll in it, the list keeps the keyboard", "scroll", 1],
  ["K", "", "", "scroll", -1],
  ["", "/ n N", "with the keyboard in its tab (enter): find, the next place, the one before"],
  ["n", "", "", "findNext", 1],
  ["N", "", "", "findNext", -1],
  ["r", "r", "replay: send it again", "replay"],
  ["R", "R", "replay with options: elsewhere, often, signed anew", "options"],
  ["e", "e", "edit and replay", "edit"],
  ["ctrl+Enter", "ctrl+enter", "in its form: preview what is sent, then send it", "submit"],
  ["D", "D", "diff: with its original or last replay, or what is marked", "compare"],
  ["I", "I", "in a diff: leave the change out from now on", "ignore"],
  [".", ".", "show secrets for 10 s, or hide them", "reveal"],
  ["y c", "y", "copy as curl, HTTPie, fetch or raw (also c)", "copy"],
  ["p", "p", "pin: it is never deleted to make room", "pin"],
  ["d Delete", "d u", "delete it, or what is marked; undo, for 10 s", "delete"],
  ["u", "", "", "undo"],
  ["t", "t ;", "its tags, its note", "tag"],
  [";", "", "", "note"],
  ["[", "[ ]", "the tab before, the tab after (1 to 8: one of them)", "turn", -1],
  ["]", "", "", "turn", 1],
  ["Everywhere"],
  ["?", "?", "this help", "help"],
];

// released resolves when the key that was pressed last is up again. A field that gets the focus sooner gets the key, too.
export const released = () => up;
let up = Promise.resolve();

// bind makes the keys do what does holds, and returns what shows the help.
export function bind(does) {
  const keys = new Map();
  for (const [names, , , action, value] of table) {
    for (const name of action ? names.split(" ") : []) keys.set(name, () => does[action](value));
  }
  for (let n = 1; n < 9; n++) keys.set(String(n), () => does.tab(n));
  document.addEventListener("keydown", event => {
    const control = event.ctrlKey || event.metaKey;
    if (event.altKey || event.isComposing || event.target.closest("dialog")) return;
    if (event.key === "Escape" && typing(event.target) && event.target.id !== "filter") return event.target.blur();
    const name = event.key === " " ? "Space" : event.key;
    const run = control || !typing(event.target) ? keys.get(control ? "ctrl+" + name : name) : null;
    if (!run || owns(event.target, event.key)) return;
    event.preventDefault();
    up = new Promise(done => addEventListener("keyup", done, { once: true }));
    run();
  });
  return help;
}

// typing says that keys are text.
const typing = target => target.closest("input:not([type=checkbox]), textarea, select");

// owns says that what has the focus acts on a key by itself: links and buttons on enter and space, what scrolls on the keys that scroll.
function owns(target, key) {
  if (key === "Enter") return target.closest("a, button");
  if (key === " ") return target.closest("button, input, .panel");
  return target.closest(".panel") && ["ArrowUp", "ArrowDown", "PageUp", "PageDown", "Home", "End"].includes(key);
}

function help() {
  const content = [];
  for (const [keys, shown, text] of table) {
    if (shown === undefined) content.push(el("h3", {}, keys), el("dl", { class: "keys" }));
    else if (shown !== "") content.at(-1).append(el("dt", {}, ...shown.split(" ").flatMap(k => [el("kbd", {}, k), " "])), el("dd", {}, text));
  }
  return dialog("Keys", content, [button("Close", "", "main")]);
}
