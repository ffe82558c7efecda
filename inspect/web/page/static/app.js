// The page of the requests: puts list, detail, filter and keys together, and keeps the address and what is seen the same.
import { $, el, failed, recall, remember, toast } from "./dom.js";
import * as actions from "./actions.js";
import * as chrome from "./chrome.js";
import { Detail } from "./detail.js";
import { Feed } from "./feed.js";
import { bind, released } from "./keys.js";
import { List } from "./list.js";

const input = $("filter");
let filter = new URLSearchParams(location.search).get("filter") ?? (location.pathname === "/" ? recall("filter") : "");

let ready = false; // a list has come
let good = filter; // the last filter that a list has come for
let before = filter; // the one that escape leads back to

const arrivals = new actions.Arrivals();
const list = new List({ choose: id => open(id), more: before => feed.more(before), settled: tell });
const detail = new Detail({ shown, closed, sent, follow: id => open(id) });
const views = new actions.Views($("views"), apply);
const feed = new Feed({
  reset: page => {
    wrong(null);
    ready = true;
    good = filter;
    remember("filter", filter);
    list.reset(page);
    list.choose(detail.id);
    views.read(filter).catch(failed);
  },
  page: page => list.page(page),
  exchange: x => {
    if (list.put(x)) arrivals.tell(x);
    detail.changed(x);
  },
  unmatched: id => list.remove(id),
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
  $("har").href = actions.harOf(filter);
  feed.open(filter);
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
  const n = list.length;
  $("count").replaceChildren(`${n.toLocaleString("en")}${list.older ? "+" : ""}`, el("span", {}, n === 1 ? " request" : " requests"));
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
  list.choose(id, false);
  address();
  requestAnimationFrame(() => list.reveal(id));
}

function closed() {
  $("main").classList.remove("split");
  detail.pane.hidden = true;
  list.choose("", false);
  document.title = "adit";
  address();
  list.grid.focus();
}

// sent shows the new exchange of a replay.
function sent(id) {
  toast("sent");
  open(id, "overview");
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
const does = {
  up: () => list.step(-1),
  down: () => list.step(1),
  pageUp: () => list.step(-list.pageful),
  pageDown: () => list.step(list.pageful),
  first: () => list.top(),
  last: () => list.bottom(),
  enter: () => detail.open ? detail.focus() : list.step(0),
  back: () => detail.open ? detail.close() : filter ? apply("") : list.top(),
  filter: () => { input.focus(); input.select(); },
  replay: () => here() && actions.replay(here()).then(id => open(id, "overview")).catch(failed),
  edit: () => here() && Promise.all([open(here(), "edit"), released()]).then(() => detail.pane.querySelector("[name=target]")?.focus()),
  copy: () => here() && actions.copyAs(here()).catch(failed),
  pin: () => {
    const x = list.get(here()) ?? { id: detail.id, pinned: detail.pane.querySelector("[data-do=pin]")?.ariaPressed === "true" };
    if (x.id) actions.pin(x).then(() => detail.changed(x)).catch(failed);
  },
  clear: () => actions.clear(filter).then(done => done && feed.open(filter)).catch(failed),
  har: () => $("har").click(),
  turn: n => detail.open && detail.turn(n),
  tab: n => detail.open && detail.tabs[n - 1] && detail.show(detail.id, detail.tabs[n - 1]),
  theme: () => $("theme").click(),
};

document.addEventListener("click", event => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name && does[name]) does[name]();
});
$("find").addEventListener("submit", event => {
  event.preventDefault();
  apply(input.value.trim());
  list.grid.focus();
});
input.addEventListener("keydown", event => {
  const move = { ArrowUp: does.up, ArrowDown: does.down }[event.key];
  if (move && !event.isComposing) {
    event.preventDefault();
    move();
  }
  if (event.key !== "Escape") return;
  event.preventDefault();
  clearTimeout(typing);
  filter !== before ? apply(before) : input.value = filter;
  list.grid.focus();
});
input.addEventListener("focus", () => { before = good; });
let typing = 0;
input.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(() => input.value.trim() !== filter && apply(input.value.trim()), 300);
});

chrome.start();
does.help = bind(does);
apply(filter);
if (detail.open) shown(detail.id);
