// The list: a grid of which only the rows in sight are in the document.
import { $, el } from "./dom.js";
import { Rows } from "./rows.js";
import * as words from "./words.js";

const height = 28; // of a row, as in page.css
const spare = 8; // rows above and below those in sight
const headHeight = 26;

export class List {
  #rows = new Rows();
  #shown = new Map(); // id → row element
  #fresh = new Set(); // ids that have just come
  #unseen = 0; // how many came above while somebody reads further down
  #drawing = false;
  #reading = false;
  #endpoints = new Set();
  #marks = new Set(); // ids
  #range = null; // that is being marked: the id where it began, and what was marked before; null: none is
  chosen = "";

  // on: choose(id), more(before) → Promise, settled()
  constructor(on) {
    this.on = on;
    this.grid = $("list");
    this.body = $("rows");
    this.grid.addEventListener("scroll", () => this.draw(), { passive: true });
    new ResizeObserver(() => this.draw()).observe(this.grid);
    this.body.addEventListener("click", event => {
      const row = event.target.closest("[role=row]");
      if (!row || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      if (event.shiftKey) this.#markTo(row.dataset.id);
      else if (event.target.closest(".marks")) this.mark(row.dataset.id);
      else this.on.choose(row.dataset.id);
    });
    $("newer").addEventListener("click", () => this.top());
  }

  get length() { return this.#rows.length; }
  get older() { return this.#rows.older; }
  get(id) { return this.#rows.get(id); }

  // marked are the ids of the rows that are marked, oldest first: those that a filter hides do not count.
  get marked() {
    const ids = [];
    for (let i = this.#rows.length - 1; i >= 0 && this.#marks.size > 0; i--) {
      if (this.#marks.has(this.#rows.at(i).id)) ids.push(this.#rows.at(i).id);
    }
    return ids;
  }

  // taken are the marked ones for what acts on them: a range ends with that.
  taken() {
    this.#range = null;
    return this.marked;
  }

  // mark marks one, or takes its mark away.
  mark(id) {
    this.#range = null;
    if (!this.#marks.delete(id)) this.#marks.add(id);
    this.draw();
  }

  // markAll marks all that have been read, or takes the marks away when all are marked, and says how many are marked.
  markAll() {
    this.#range = null;
    const all = this.marked.length < this.#rows.length;
    this.#marks.clear();
    for (let i = 0; all && i < this.#rows.length; i++) this.#marks.add(this.#rows.at(i).id);
    this.draw();
    return this.#marks.size;
  }

  unmark() {
    this.#range = null;
    this.#marks.clear();
    this.draw();
  }

  // markRange begins to mark a range, which goes from the chosen one to where one moves, or ends it; it says whether one has begun.
  markRange() {
    this.#range = this.#range || !this.chosen ? null : { from: this.chosen, before: new Set(this.#marks) };
    this.#extend();
    return this.#range !== null;
  }

  // extend marks what lies between the range's beginning and the chosen one. Without a chosen one it is at its end.
  #extend() {
    if (!this.#range) return;
    if (this.#rows.find(this.#range.from) < 0 || this.#rows.find(this.chosen) < 0) {
      this.#range = null;
      return;
    }
    this.#marks = new Set(this.#range.before);
    this.#markTo(this.chosen, this.#range.from);
  }

  // markTo marks all from one to another.
  #markTo(id, from = this.chosen) {
    const places = [this.#rows.find(from), this.#rows.find(id)].filter(i => i >= 0);
    for (let i = Math.min(...places); i <= Math.max(...places); i++) this.#marks.add(this.#rows.at(i).id);
    this.draw();
  }

  // reset shows another list, or the same one anew; the chosen one stays chosen.
  reset(page, same) {
    this.#rows.clear();
    this.#fresh.clear();
    for (const row of this.#shown.values()) row.remove();
    this.#shown.clear();
    if (!same) this.#unseen = this.grid.scrollTop = 0;
    this.page(page);
  }

  page(page) {
    for (const x of page.exchanges) this.#endpoints.add(x.endpoint);
    this.#rows.page(page.exchanges, page.next);
    this.#reading = false;
    this.draw();
  }

  // put enters an exchange or its later state and says whether it is new.
  put(x) {
    this.#endpoints.add(x.endpoint);
    const place = this.#rows.put(x);
    if (place >= 0) {
      this.#fresh.add(x.id);
      const top = this.grid.scrollTop;
      if (top > height / 2 && place <= top / height) { // what is read stays where it is
        this.body.style.height = `${this.#rows.length * height}px`;
        this.grid.scrollTop = top + height;
        this.#unseen++;
      }
    }
    this.draw();
    return place >= 0;
  }

  remove(id) {
    this.#rows.remove(id);
    this.draw();
  }

  // drop removes some, with their marks, and returns the id of the row that is where the first of them was; without one, of the chosen row.
  drop(ids) {
    const places = ids.map(id => this.#rows.remove(id)).filter(place => place >= 0);
    for (const id of ids) this.#marks.delete(id);
    this.draw();
    return places.length > 0 ? this.#rows.at(Math.min(...places, this.#rows.length - 1))?.id ?? "" : this.chosen;
  }

  choose(id, reveal = true) {
    this.chosen = id;
    this.#extend();
    if (reveal) this.reveal(id);
    this.draw();
  }

  reveal(id) {
    const place = this.#rows.find(id);
    if (place < 0) return;
    const from = place * height, view = this.grid.clientHeight - headHeight;
    if (from < this.grid.scrollTop) this.grid.scrollTop = from;
    else if (from + height > this.grid.scrollTop + view) this.grid.scrollTop = from + height - view;
  }

  // step chooses the n-th row after the chosen one; without one, the first in sight.
  step(n) {
    if (this.#rows.length === 0) return;
    const now = this.#rows.find(this.chosen);
    const place = now < 0 ? Math.round(this.grid.scrollTop / height) : now + n;
    this.on.choose(this.#rows.at(Math.max(0, Math.min(this.#rows.length - 1, place))).id);
  }

  top() {
    this.grid.scrollTop = 0;
    if (this.#rows.length > 0 && this.chosen) this.on.choose(this.#rows.at(0).id);
    this.draw();
  }

  bottom() { this.step(this.#rows.length); }

  get pageful() { return Math.max(1, Math.floor((this.grid.clientHeight - headHeight) / height) - 1); }

  // draw puts the rows in sight into the document, at most once a frame.
  draw() {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw() {
    const n = this.#rows.length;
    const first = Math.max(0, Math.floor(this.grid.scrollTop / height) - spare);
    const last = Math.min(n, Math.ceil((this.grid.scrollTop + this.grid.clientHeight) / height) + spare);
    this.body.style.height = `${n * height}px`;
    const wanted = new Set();
    for (let i = first; i < last; i++) wanted.add(this.#rows.at(i).id);
    for (const [id, row] of this.#shown) {
      if (!wanted.has(id)) {
        row.remove();
        this.#shown.delete(id);
      }
    }
    for (let i = last - 1, after = null; i >= first; i--) after = this.#place(this.#rows.at(i), i, after);
    this.#fresh.clear();
    this.#around(n, last);
    this.on.settled();
  }

  // place puts the row of x before the one that comes after it, so that what is read aloud is in order, and returns it.
  #place(x, i, after) {
    let row = this.#shown.get(x.id);
    const marked = this.#marks.has(x.id);
    if (!row || row.exchange !== x || row.marked !== marked) {
      const fresh = makeRow(x, marked, this.#fresh.has(x.id));
      row?.replaceWith(fresh);
      this.#shown.set(x.id, row = fresh);
    }
    if (row.parentNode !== this.body || row.nextSibling !== after) this.body.insertBefore(row, after);
    row.style.transform = `translateY(${i * height}px)`;
    row.setAttribute("aria-rowindex", i + 2);
    row.setAttribute("aria-selected", x.id === this.chosen);
    return row;
  }

  // around keeps what tells of the rows: counts, the active one, "12 new", and asks for more rows near the end.
  #around(n, last) {
    const here = this.#shown.has(this.chosen);
    this.grid.setAttribute("aria-rowcount", this.#rows.older ? -1 : n + 1);
    here ? this.grid.setAttribute("aria-activedescendant", "x-" + this.chosen) : this.grid.removeAttribute("aria-activedescendant");
    this.grid.classList.toggle("several", this.#endpoints.size > 1);
    if (this.grid.scrollTop < height / 2) this.#unseen = 0;
    $("newer").hidden = this.#unseen === 0;
    $("newer").textContent = `↑ ${this.#unseen} new`;
    if (this.#rows.older && !this.#reading && last > n - 60) {
      this.#reading = true;
      this.on.more(this.#rows.older).catch(() => setTimeout(() => { this.#reading = false; }, 2000));
    }
  }
}

// makeRow is the row of one exchange.
function makeRow(x, marked, fresh) {
  const cell = (cls, ...content) => el("span", { role: "gridcell", class: cls }, ...content);
  const t = words.time(x.start), o = words.outcome(x);
  const [method, of] = words.title(x), [path, query] = split(of);
  const running = x.state === "pending" || x.state === "open";
  const classes = ["row", !x.committed && "dim", fresh && "fresh", marked && "marked"].filter(Boolean).join(" ");
  const row = el("div", { role: "row", id: "x-" + x.id, class: classes, "data-id": x.id },
    cell("marks", sign(x, marked)),
    cell("time", el("time", { datetime: x.start, title: t.full }, t.short, el("span", { class: "ms" }, t.more))),
    cell("method", words.safe(method, 40)),
    cell("outcome " + o.tone, el("span", { class: "sign", "aria-hidden": true }, o.sign), o.code, el("span", { class: o.code ? "words more" : "words" }, o.code ? " " : "", o.words)),
    cell("target", el("a", { href: "/exchanges/" + encodeURIComponent(x.id), tabindex: -1, title: words.target(of, 500) },
      x.label ? el("span", { class: "label" }, x.label) : null,
      ...(x.tags ?? []).map(tag => el("span", { class: "tag" }, words.safe(tag, 64))),
      path, query ? el("span", { class: "query" }, query) : null)),
    cell("end", words.safe(x.endpoint, 64)),
    cell("num", running ? el("span", { "data-since": x.start }, words.lasted(x.start)) : x.state === "interrupted" ? "–" : words.duration(x.duration_ms)),
    cell("num size", words.size(x.request_size + x.response_size)));
  Object.assign(row, { exchange: x, marked });
  return row;
}

// sign is the one that matters most of what there is to tell of a row.
function sign(x, marked) {
  const all = [
    [marked, "✓", "marked"],
    [x.pinned, "★", "pinned"],
    [x.replay_of, "↻", x.edited ? "edited replay" : "replay"],
    [x.upgraded, "⇅", "upgraded"],
  ];
  const [, shown, words] = all.find(([is]) => is) ?? [];
  return words ? el("span", { title: words, role: "img", "aria-label": words }, shown) : null;
}

function split(target) {
  const shown = words.target(target);
  const i = shown.indexOf("?");
  return i < 0 ? [shown, ""] : [shown.slice(0, i), shown.slice(i)];
}
