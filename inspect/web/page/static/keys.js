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
  ["/", "/", "filter; enter keeps it, ↑ ↓ select meanwhile", "filter"],
  ["x", "x", "delete what is listed, after a question", "clear"],
  ["The selected request"],
  ["Enter ArrowRight l", "enter", "open it, then scroll in it (also → l)", "enter"],
  ["Escape ArrowLeft Backspace q h", "esc", "back to the list (also ← q), then away with the filter", "back"],
  ["r", "r", "replay: send it again", "replay"],
  ["e", "e", "edit and replay", "edit"],
  ["c", "c", "copy as curl, HTTPie, fetch or raw", "copy"],
  ["p", "p", "pin: it is never deleted to make room", "pin"],
  ["[", "[ ]", "the tab before, the tab after (1 to 8: one of them)", "turn", -1],
  ["]", "", "", "turn", 1],
  ["Everywhere"],
  ["t", "t", "light or dark", "theme"],
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
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || typing(event.target)) return;
    const run = keys.get(event.key);
    if (!run || owns(event.target, event.key)) return;
    event.preventDefault();
    up = new Promise(done => addEventListener("keyup", done, { once: true }));
    run();
  });
  return help;
}

// typing says that keys are text, or belong to a question above the page.
const typing = target => target.closest("input, textarea, select, dialog");

// owns says that what has the focus acts on a key by itself: links and buttons on enter, what scrolls on the keys that scroll.
function owns(target, key) {
  if (key === "Enter") return target.closest("a, button");
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
