// The detail of the chosen exchange: fragments that the agent has made, put in place, and their forms.
import { $, el, failed, toast } from "./dom.js";
import { at, call, fragment } from "./api.js";

const parts = 8; // of long content that stay in the document

export class Detail {
  id = "";
  tab = "overview";
  #reading = null;
  #timer = 0;

  // on: shown(id) is about to be shown, closed(), sent(id) a replay is, follow(id) a link to another exchange
  constructor(on) {
    this.on = on;
    this.pane = $("detail");
    this.pane.addEventListener("click", event => this.#click(event));
    this.pane.addEventListener("submit", event => this.#submit(event));
    this.pane.addEventListener("change", event => {
      if (event.target.name === "with") this.#show(this.#path() + "?with=" + encodeURIComponent(event.target.value));
    });
    const now = this.pane.firstElementChild; // the agent has sent it with the page
    if (now?.dataset.id) [this.id, this.tab] = [now.dataset.id, now.dataset.tab];
  }

  get open() { return this.id !== ""; }
  get tabs() { return [...this.pane.querySelectorAll(".tabs [data-tab]")].map(a => a.dataset.tab); }

  show(id, tab = this.tab === "edit" ? "request" : this.tab, query = "") {
    clearTimeout(this.#timer);
    [this.id, this.tab] = [id, tab];
    this.on.shown(id);
    return this.#show(this.#path() + query);
  }

  close() {
    this.#reading?.abort();
    clearTimeout(this.#timer);
    this.id = "";
    this.pane.replaceChildren();
    this.on.closed();
  }

  // changed shows a later state of the exchange soon, unless somebody is writing in a form or reading further parts by then.
  changed(x) {
    if (x.id !== this.id) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const busy = this.tab === "edit" || this.pane.querySelector("form:focus-within, .code ol + ol");
      if (x.id === this.id && !busy) this.#show(this.#path(), true);
    }, 250);
  }

  focus() { (this.pane.querySelector(".panel") ?? this.pane.querySelector("h2"))?.focus(); }

  // turn shows the tab n after the present one.
  turn(n) {
    const all = this.tabs;
    if (all.length > 0) this.show(this.id, all[(all.indexOf(this.tab) + n + all.length) % all.length]);
  }

  #path() { return `/exchanges/${encodeURIComponent(this.id)}/${this.tab}`; }

  async #show(path, again = false) {
    this.#reading?.abort();
    const { signal } = this.#reading = new AbortController();
    try {
      const nodes = await fragment(path, signal);
      if (signal.aborted) return;
      const before = this.pane.querySelector(".panel");
      const [scroll, focused] = [before?.scrollTop, document.activeElement];
      const inside = this.pane.contains(focused) && (focused.id || focused.dataset.tab || focused.dataset.do);
      this.pane.replaceChildren(...nodes);
      this.#showTab();
      document.title = `${this.pane.querySelector("h2").textContent} · adit`;
      if (again) this.pane.querySelector(".panel")?.scrollTo(0, scroll);
      if (inside) this.#refocus(inside);
    } catch (problem) {
      failed(problem);
    }
  }

  // showTab scrolls the tabs so far that the present one is seen.
  #showTab() {
    const now = this.pane.querySelector("[aria-current]");
    now?.parentElement.scrollTo(now.offsetLeft + now.offsetWidth / 2 - now.parentElement.clientWidth / 2, 0);
  }

  // refocus puts the focus where it was, so that a keyboard does not lose its place.
  #refocus(mark) {
    const same = [...this.pane.querySelectorAll("[id], [data-tab], [data-do]")].find(e => [e.id, e.dataset.do].includes(mark));
    (same ?? this.pane.querySelector("[aria-current]") ?? this.pane.querySelector("h2"))?.focus({ preventScroll: true });
  }

  #click(event) {
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const link = event.target.closest("a[data-tab], a[data-open], a.more");
    if (!link || !plain) return;
    event.preventDefault();
    if (link.dataset.tab) this.show(this.id, link.dataset.tab, link.dataset.query ?? "");
    else if (link.dataset.open) this.on.follow(link.dataset.open);
    else this.#more(link).catch(failed);
  }

  // more appends the next part of long content. Parts far above leave, so that the document stays small.
  async #more(link) {
    const box = link.closest(".code, .messages");
    if (link.ariaBusy) return; // it was clicked twice
    link.ariaBusy = "true";
    const nodes = await fragment(link.dataset.part).finally(() => { link.ariaBusy = null; });
    link.remove();
    box.append(...nodes.flatMap(n => n.matches(".code, .messages") ? [...n.children] : []));
    const shown = box.querySelectorAll(":scope > ol");
    for (const old of [...shown].slice(0, -parts)) old.remove();
    if (shown.length > parts && !box.querySelector(".above")) box.prepend(el("p", { class: "hint above" }, "What was above is no longer shown here."));
  }

  #submit(event) {
    const form = event.target;
    if (!form.dataset.form) return;
    event.preventDefault();
    const does = form.dataset.form === "edit" ? this.#send(form) : this.#mark(form);
    does.catch(failed);
  }

  // send replays the request with what was changed; what was left alone goes as it was recorded.
  async #send(form) {
    const edit = {};
    const changed = name => form.elements[name] && !form.elements[name].disabled && form.elements[name].value !== form.elements[name].defaultValue;
    if (changed("method")) edit.method = form.elements.method.value.trim();
    if (changed("target")) edit.target = form.elements.target.value.trim();
    if (changed("headers")) edit.headers = fields(form.elements.headers.value);
    if (changed("body")) edit.body = form.dataset.crlf ? form.elements.body.value.replace(/\r?\n/g, "\r\n") : form.elements.body.value;
    const sent = await call("POST", at(this.id) + "/replay", { body: Object.keys(edit).length > 0 ? edit : {} });
    this.on.sent(sent.id);
  }

  async #mark(form) {
    const words = text => text.split(/[\s,]+/).filter(Boolean);
    const [was, now] = [words(form.elements.tags.defaultValue), words(form.elements.tags.value)];
    const change = { note: form.elements.note.value, add_tags: now.filter(t => !was.includes(t)), del_tags: was.filter(t => !now.includes(t)) };
    await call("PATCH", at(this.id), { body: change });
    form.elements.tags.defaultValue = form.elements.tags.value;
    toast("note and tags kept");
  }
}

// fields reads "Name: value" lines.
function fields(text) {
  return text.split(/\r?\n/).filter(line => line.trim() !== "").map(line => {
    const i = line.indexOf(":");
    if (i < 1) throw new Error(`“${line.slice(0, 60)}” is no header: write Name: value`);
    return [line.slice(0, i).trim(), line.slice(i + 1).trim()];
  });
}
