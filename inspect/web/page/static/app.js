// The page of the requests: puts list, detail, filter and keys together, and keeps the address and what is seen the same.
import { $, el, failed, recall, remember, toast } from "./dom.js";
import * as actions from "./actions.js";
import * as chrome from "./chrome.js";
import { Deletion } from "./deletion.js";
import { Detail } from "./detail.js";
import { Feed } from "./feed.js";
import { bind, released } from "./keys.js";
import { List } from "./list.js";
import { History } from "./memos.js";
import { send } from "./replay.js";
import { Run } from "./run.js";
import * as words from "./words.js";

const input = $("filter");
let filter = new URLSearchParams(location.search).get("filter") ?? (location.pathname === "/" ? recall("filter") : "");

let ready = false; // a list has come
let good = filter; // the last filter that a list has come for
let before = filter; // the one that escape leads back to
let entered = false; // it was typed, and is not kept yet

const arrivals = new actions.Arrivals();
const list = new List({ choose: id => open(id), more: before => feed.more(before), settled: tell });
const detail = new Detail({ shown, closed, sent: id => open(id, "overview"), run: plan => run.start(plan).catch(failed), follow: id => open(id) });
const run = new Run({ open: (id, original) => open(id, "diff", "?with=" + encodeURIComponent(original)), shown: running, closed: ran, row: id => list.get(id) });
const views = new actions.Views($("views"), apply);
const typed = new History();
const deletion = new Deletion({ gone, back: () => again(), row: id => list.get(id) });
const feed = new Feed({
  reset: page => {
    wrong(null);
    const same = ready && good === filter;
    list.reset(deletion.left(page), same);
    if (detail.open) list.choose(detail.id, !same);
    ready = true;
    good = filter;
    remember("filter", filter);
    views.read(filter).catch(failed);
    keepTyped();
  },
  page: page => list.page(deletion.left(page)),
  exchange: x => {
    if (deletion.has(x.id)) return;
    if (list.put(x)) arrivals.tell(x);
    detail.changed(x);
  },
  unmatched: id => list.remove(id),
  lagged: () => again(),
  status: () => chrome.showState().catch(() => {}),
  state: state => {
    $("feed").dataset.state = state;
    $("feed").textContent = state === "live" ? "live" : "reconnecting";
    state === "live" ? chrome.showState().catch(() => {}) : chrome.away();
  },
  failed: problem => problem.at === undefined ? failed(problem) : wrong(problem),
});

// apply shows what a filter asks for.
function apply(text) {
  filter = input.value = text;
  address();
  feed.open(filter);
}

// again reads the list anew, and stays where it is.
const again = () => feed.open(filter, list.length);

// gone takes requests off the list, and closes the one that is open; the row beside them is chosen.
function gone(ids) {
  const beside = list.drop(ids);
  if (ids.includes(detail.id)) detail.close();
  if (!detail.open) list.choose(beside);
}

// keepTyped keeps a filter that somebody has typed, once it is a good one and they have left the field.
function keepTyped() {
  if (!entered || good !== filter || document.activeElement === input) return;
  entered = false;
  typed.keep(filter).catch(failed);
}

// wrong shows a filter's mistake under its character; null: there is none. at counts bytes of UTF-8.
function wrong(problem) {
  input.setAttribute("aria-invalid", problem !== null);
  $("wrong").hidden = problem === null;
  if (problem === null) return;
  input.focus();
  const before = new TextDecoder().decode(new TextEncoder().encode(input.value).slice(0, problem.at ?? 0));
  $("wrong").textContent = `${" ".repeat([...before].length)}↑\n${problem.message}${problem.hint ? ` – ${problem.hint}` : ""}`;
}

function tell() {
  const n = list.length, marked = list.marked.length;
  $("run-ask").textContent = marked > 0 ? `Run ${marked} marked…` : "Run…";
  $("run-ask").disabled = n === 0;
  $("har").textContent = marked > 0 ? `HAR of ${marked} marked` : "HAR";
  $("clear").textContent = marked > 0 ? `Delete ${marked} marked` : "Clear";
  $("clear").title = marked > 0 ? "Delete what is marked (d)" : "Delete what is listed";
  $("count").replaceChildren(`${n.toLocaleString("en")}${list.older ? "+" : ""}`, el("span", {}, " listed"));
  $("nothing").hidden = n > 0 || !ready || filter !== "";
  $("no-match").hidden = n > 0 || !ready || filter === "";
}

function open(id, tab, query) {
  list.choose(id);
  return detail.show(id, tab, query);
}

function shown(id) {
  $("main").classList.add("split");
  detail.pane.hidden = false;
  run.pane.hidden = true;
  list.choose(id, false);
  address();
  requestAnimationFrame(() => list.reveal(id));
}

function closed() {
  $("main").classList.toggle("split", run.open);
  detail.pane.hidden = true;
  run.pane.hidden = !run.open;
  list.choose("", false);
  document.title = "adit";
  address();
  run.open ? run.back() : list.grid.focus();
}

// running shows a run, which has begun.
function running() {
  run.pane.hidden = false;
  $("main").classList.add("split");
  if (detail.open) detail.close();
}

function ran() {
  run.pane.hidden = true;
  $("main").classList.toggle("split", detail.open);
  list.grid.focus();
}

// asked is what a run is about: what is marked, or else all that is listed.
function asked() {
  const ids = list.taken();
  if (ids.length > 0) return [{ ids }, ids.length === 1 ? "the marked request" : `the ${ids.length} marked requests`];
  return [{ filter }, filter ? `all that match ${filter}` : "all requests"];
}

// compare shows the difference: between two that are marked, of this one from the marked one, or of this one from its original or last replay.
function compare() {
  const marked = list.taken();
  const [id, other] = marked.length === 2 ? marked.toReversed() : [here(), marked.length === 1 && marked[0] !== here() ? marked[0] : ""];
  if (id) open(id, "diff", other && "?with=" + encodeURIComponent(other));
}

// write opens a tab with the cursor in one of its fields.
async function write(tab, field) {
  if (!here()) return;
  await Promise.all([open(here(), tab), released()]);
  const input = detail.pane.querySelector(`[name=${field}]`);
  if (!input && tab === "edit") { // the server gives connections no such tab
    detail.show(detail.id, "overview");
    return toast("a connection is no request: adit counts its bytes and keeps none of them, so there is nothing to send again", true);
  }
  input?.focus();
  input?.setSelectionRange(input.value.length, input.value.length);
}

// address makes the address say what is seen, so that it can be kept, sent on and read again.
function address() {
  const query = new URLSearchParams();
  if (detail.open && detail.tab !== "overview") query.set("tab", detail.tab);
  if (filter) query.set("filter", filter);
  const path = detail.open ? "/exchanges/" + encodeURIComponent(detail.id) : "/";
  const next = path + (query.size > 0 ? "?" + query : "");
  if (next !== location.pathname + location.search) {
    history[path === location.pathname ? "replaceState" : "pushState"](null, "", next);
  }
}

addEventListener("popstate", () => {
  const query = new URLSearchParams(location.search);
  const id = location.pathname.startsWith("/exchanges/") ? decodeURIComponent(location.pathname.slice(11)) : "";
  const wanted = query.get("filter") ?? "";
  if (id !== detail.id) id ? open(id, query.get("tab") ?? "overview") : detail.close();
  if (wanted !== filter) apply(wanted);
});

const here = () => detail.id || list.chosen;
const remove = (...ids) => ids[0] && deletion.delete(ids).catch(failed);
const step = n => run.open && (detail.open || run.pane.contains(document.activeElement)) ? run.step(n, detail.open) : list.step(n);
const does = {
  up: () => step(-1),
  down: () => step(1),
  pageUp: () => list.step(-list.pageful),
  pageDown: () => list.step(list.pageful),
  first: () => list.top(),
  last: () => list.bottom(),
  scroll: n => detail.panel?.scrollBy(0, n * 40),
  enter: () => detail.open ? detail.focus() : list.step(0),
  back: () => {
    if (detail.unfind()) return;
    if (detail.open) return detail.close();
    if (run.open) return run.running ? run.stop() : run.close();
    if (list.marked.length > 0) return list.unmark();
    filter ? apply("") : list.top();
  },
  slash: () => detail.panel?.contains(document.activeElement) ? does.find() : does.filter(),
  filter: () => { input.focus(); input.select(); },
  find: () => released().then(() => detail.find()),
  findNext: n => detail.findNext(n),
  mark: () => {
    if (!here()) list.step(0);
    if (!here()) return;
    list.mark(here());
    list.step(1);
  },
  markRange: () => {
    if (!here()) list.step(0);
    if (list.markRange()) toast("marking a range: move to its end");
  },
  markAll: () => toast(`${list.markAll()} marked`),
  replay: () => {
    const ids = list.taken();
    if (ids.length > 0) run.start({ ids }).catch(failed);
    else if (here()) send(here()).catch(failed);
  },
  options: () => list.marked.length > 0 ? released().then(does.run) : write("edit", "to"),
  edit: () => write("edit", "target"),
  submit: () => document.activeElement.form?.requestSubmit(),
  run: () => run.ask(...asked()).catch(failed),
  results: () => run.show(),
  compare,
  ignore: () => detail.ignore(),
  reveal: () => detail.reveal(),
  copy: () => here() && actions.copyAs(here()).catch(failed),
  pin: () => {
    const x = list.get(here()) ?? { id: detail.id, pinned: detail.pane.querySelector("[data-do=pin]")?.ariaPressed === "true" };
    if (x.id) actions.pin(x).then(() => detail.changed(x)).catch(failed);
  },
  note: () => write("overview", "note"),
  tag: () => write("overview", "tags"),
  save: () => filter ? views.save().catch(failed) : toast("there is no filter to keep"),
  delete: () => {
    const ids = list.taken();
    remove(...ids.length > 0 ? ids : [here()]);
  },
  deleteOpen: () => remove(detail.id),
  undo: () => deletion.undo(),
  clear: () => list.marked.length > 0 ? does.delete() : actions.clear(filter).then(done => done && again()).catch(failed),
  har: (redacted = true) => actions.exportHAR(list.taken(), filter, redacted).catch(failed),
  turn: n => detail.open && detail.turn(n),
  tab: n => detail.open && detail.tabs[n - 1] && detail.show(detail.id, detail.tabs[n - 1]),
};

document.addEventListener("click", event => {
  const button = event.target.closest("[data-do]");
  if (!button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  does[button.dataset.do]();
});
$("find").addEventListener("submit", event => {
  event.preventDefault();
  apply(input.value.trim());
  list.grid.focus();
});
input.addEventListener("keydown", event => {
  const older = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  if (older && !event.isComposing) {
    event.preventDefault();
    typed.step(older, input.value).then(text => {
      input.value = text;
      input.dispatchEvent(new Event("input"));
    }).catch(failed);
  }
  if (event.key !== "Escape") return;
  event.preventDefault();
  entered = false;
  clearTimeout(typing);
  filter !== before ? apply(before) : input.value = filter;
  list.grid.focus();
});
input.addEventListener("focus", () => {
  before = good;
  typed.read().catch(failed);
});
input.addEventListener("blur", keepTyped);
let typing = 0;
input.addEventListener("input", () => {
  entered = true;
  clearTimeout(typing);
  typing = setTimeout(() => input.value.trim() !== filter && apply(input.value.trim()), 300);
});

// What goes on tells how long it has lasted.
setInterval(() => {
  if (document.hidden) return;
  for (const e of document.querySelectorAll("[data-since]")) e.textContent = words.lasted(e.dataset.since);
}, 1000);

chrome.start();
does.help = bind(does);
apply(filter);
if (detail.open) shown(detail.id);
