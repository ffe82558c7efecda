// Find in the open tab: what is shown of it, whatever the case. What is found is painted over, so that nothing in the document changes.
import { el } from "./dom.js";

const most = 10_000; // places that are kept
const headroom = 48; // pixels above a place: the bar covers what is there

export class Find {
  #panel = null;
  #found = []; // ranges
  #at = 0; // the one that was shown last

  constructor() {
    this.input = el("input", { type: "text", name: "find", "aria-label": "Find in this tab", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: 200 });
    this.count = el("span", { class: "quiet", role: "status" });
    const step = (n, sign, title) => {
      const button = el("button", { type: "button", class: "plain icon", "aria-label": title, title: `${title} (${n > 0 ? "n" : "N"})` }, sign);
      button.addEventListener("click", () => this.step(n));
      return button;
    };
    const close = el("button", { type: "button", class: "plain icon", "aria-label": "End the search", title: "End the search (esc)" }, "✕");
    close.addEventListener("click", () => this.close());
    this.bar = el("div", { class: "seek", role: "search", "aria-label": "In this tab" }, this.input, this.count, step(-1, "↑", "The place before"), step(1, "↓", "The next place"), close);
    this.input.addEventListener("input", () => this.#search());
    this.input.addEventListener("keydown", event => {
      if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
      event.preventDefault();
      event.stopPropagation();
      event.key === "Escape" || this.input.value === "" ? this.close() : this.#panel.focus();
    });
  }

  get open() { return this.bar.isConnected; }

  // ask has somebody type what is looked for.
  ask(panel) {
    this.#panel = panel;
    this.attend(panel, true);
    this.input.focus();
    this.input.select();
  }

  // attend looks through another panel, or the same one again, if something is looked for.
  attend(panel, again) {
    if (!this.#panel || !panel) return;
    this.#panel = panel;
    if (panel.firstChild !== this.bar) panel.prepend(this.bar);
    again ? this.#look() : this.#search();
  }

  // step goes to the n-th place after the one that was shown last, and around.
  step(n) {
    if (!this.open || this.#found.length === 0) return;
    this.#at = (this.#at + n + this.#found.length) % this.#found.length;
    this.#show();
    this.#reveal();
  }

  close() {
    const had = this.bar.contains(document.activeElement);
    this.bar.remove();
    if (had) this.#panel.focus({ preventScroll: true });
    this.#panel = null;
    [this.#found, this.#at] = [[], 0];
    this.#paint();
  }

  // search finds all places, and goes to the first.
  #search() {
    this.#at = 0;
    this.#look();
    this.#reveal();
  }

  #look() {
    this.#found = this.input.value === "" ? [] : [...places(this.#panel, this.input.value)];
    this.#at = Math.max(0, Math.min(this.#at, this.#found.length - 1));
    this.#show();
  }

  #show() {
    const n = this.#found.length, all = n === most ? `more than ${n}` : n;
    const part = this.#panel.querySelector(".more, .rest, .above") ? " in what is shown" : "";
    this.count.textContent = this.input.value === "" ? "" : (n === 0 ? "nothing found" : `${this.#at + 1} of ${all}`) + part;
    this.#paint();
  }

  #paint() {
    if (!CSS.highlights) return; // an older browser: the count and the scrolling remain
    CSS.highlights.set("found", new Highlight(...this.#found));
    CSS.highlights.set("found-now", new Highlight(...this.#found.slice(this.#at, this.#at + 1)));
  }

  // reveal scrolls to the place that is shown.
  #reveal() {
    const place = this.#found[this.#at];
    if (!place) return;
    place.startContainer.parentElement.scrollIntoView({ block: "nearest" });
    const at = place.getBoundingClientRect(), seen = this.#panel.getBoundingClientRect();
    if (at.top < seen.top + headroom || at.bottom > seen.bottom) this.#panel.scrollTop += at.top - seen.top - seen.height / 3;
  }
}

const lines = "li, dt, dd, p, td, th, h2, h3, b, .bar, text"; // text goes on within one of these only

// places are the ranges where a text stands in what an element shows.
function* places(panel, wanted) {
  const walk = document.createTreeWalker(panel, NodeFilter.SHOW_TEXT, node => node.parentElement.closest(".seek, .unseen, textarea, select") ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const nodes = [], starts = [];
  let text = "", line = null;
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const here = node.parentElement.closest(lines);
    if (here !== line) text += "\n";
    line = here;
    nodes.push(node);
    starts.push(text.length);
    text += node.data;
  }
  let n = 0, i = 0;
  for (const match of text.matchAll(new RegExp(wanted.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"), "giu"))) {
    if (n++ === most) return;
    const range = new Range(), end = match.index + match[0].length;
    while (starts[i + 1] <= match.index) i++;
    range.setStart(nodes[i], match.index - starts[i]);
    let last = i;
    while (starts[last + 1] < end) last++;
    range.setEnd(nodes[last], end - starts[last]);
    yield range;
  }
}
