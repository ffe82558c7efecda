// The detail of the chosen exchange: fragments that the agent has made, put in place, and their forms.
import { $, el, failed, masksAll, toast } from "./dom.js";
import { at, call, fragment } from "./api.js";
import { Find } from "./find.js";
import * as memos from "./memos.js";
import { editOf, optionsOf, preview, send } from "./replay.js";

const parts = 8; // of long content that stay in the document
const openTime = 10_000; // ms for which secrets are shown

export class Detail {
  id = "";
  tab = "overview";
  #query = "";
  #reading = null;
  #timer = 0;
  #find = new Find();
  #revealed = 0; // a timer: secrets are shown until it ends

  // on: shown(id) is about to be shown, closed(), sent(id) a replay is, run(plan) many are to be, follow(id) a link to another exchange
  constructor(on) {
    this.on = on;
    this.pane = $("detail");
    this.pane.addEventListener("click", event => this.#click(event));
    this.pane.addEventListener("submit", event => this.#submit(event));
    this.pane.addEventListener("change", event => {
      if (event.target.name === "with") this.show(this.id, this.tab, "?with=" + encodeURIComponent(event.target.value));
    });
    const now = this.pane.firstElementChild; // the agent has sent it with the page
    if (now?.dataset.id) [this.id, this.tab] = [now.dataset.id, now.dataset.tab];
  }

  get panel() { return this.pane.querySelector(".panel"); }

  get open() { return this.id !== ""; }
  get tabs() { return [...this.pane.querySelectorAll(".tabs [data-tab]")].map(a => a.dataset.tab); }

  show(id, tab = this.tab === "edit" ? "request" : this.tab, query = "") {
    clearTimeout(this.#timer);
    if (id !== this.id) this.#hide();
    [this.id, this.tab, this.#query] = [id, tab, query];
    this.on.shown(id);
    return this.#show();
  }

  close() {
    this.#reading?.abort();
    clearTimeout(this.#timer);
    this.#hide();
    this.#find.close();
    this.id = "";
    this.pane.replaceChildren();
    this.on.closed();
  }

  // changed shows a later state of the exchange soon, unless somebody is writing in a form or reading further parts by then.
  changed(x) {
    if (x.id !== this.id) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const busy = this.tab === "edit" || this.pane.querySelector("form:focus-within, .seek:focus-within, .code ol + ol");
      if (x.id === this.id && !busy) this.#show(true);
    }, 250);
  }

  // reveal shows the secrets of this exchange for some seconds, or hides them again.
  reveal() {
    if (!this.open) return;
    if (masksAll) return toast("everything stays masked: adit was started with mask-all", true);
    const shown = this.#revealed !== 0;
    if (!shown && this.tab === "edit") return toast("what is masked in this form is shown by the link above it");
    this.#hide();
    if (!shown) this.#revealed = setTimeout(() => this.reveal(), openTime);
    toast(shown ? "secrets are hidden again" : `secrets are shown for ${openTime / 1000} s`);
    if (this.tab !== "edit") this.#show(true);
  }

  #hide() {
    clearTimeout(this.#revealed);
    this.#revealed = 0;
  }

  // ignore leaves the change that has the focus out of comparisons from now on; when none has it, the first gets it.
  ignore() {
    const now = document.activeElement.closest("[data-ignore]");
    now ? now.click() : this.pane.querySelector("[data-ignore]")?.focus();
  }

  // find looks for a text in the open tab.
  find() { if (this.panel) this.#find.ask(this.panel); }
  findNext(n) { this.#find.step(n); }

  // unfind ends the search, and says whether there was one.
  unfind() {
    const was = this.#find.open;
    if (was) this.#find.close();
    return was;
  }

  focus() { (this.panel ?? this.pane.querySelector("h2"))?.focus(); }

  // turn shows the tab n after the present one.
  turn(n) {
    const all = this.tabs;
    if (all.length > 0) this.show(this.id, all[(all.indexOf(this.tab) + n + all.length) % all.length]);
  }

  get #path() {
    const query = new URLSearchParams(this.#query);
    if (this.#revealed) query.set("reveal", "1");
    return `/exchanges/${encodeURIComponent(this.id)}/${this.tab}` + (query.size > 0 ? "?" + query : "");
  }

  // show puts the tab in place; again: anew, so that whoever reads it stays where they are.
  async #show(again = false) {
    this.#reading?.abort();
    const { signal } = this.#reading = new AbortController();
    try {
      const nodes = await fragment(this.#path, signal);
      if (signal.aborted) return;
      const before = this.panel;
      const [scroll, focused] = [before?.scrollTop, document.activeElement];
      const inside = this.pane.contains(focused) && (focused.id || focused.dataset.tab || focused.dataset.do);
      this.pane.replaceChildren(...nodes);
      this.#find.attend(this.panel, again);
      this.#showTab();
      document.title = `${this.pane.querySelector("h2").textContent} · adit`;
      if (again) this.panel?.scrollTo(0, scroll);
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
    const rule = event.target.closest("[data-ignore], [data-regard]");
    if (rule) this.#rule(rule.dataset).catch(failed);
    const plain = !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const link = event.target.closest("a[data-tab], a[data-open], a.more");
    if (!link || !plain) return;
    event.preventDefault();
    if (link.dataset.tab) this.show(this.id, link.dataset.tab, link.dataset.query ?? "");
    else if (link.dataset.open) this.on.follow(link.dataset.open);
    else this.#more(link).catch(failed);
  }

  // rule adds a rule to what comparisons leave out, or takes one away.
  async #rule({ ignore, regard }) {
    ignore ? await memos.add("diff-ignores", ignore) : await memos.remove("diff-ignores", regard);
    toast(ignore ? `${ignore} is left out from now on` : `${regard} counts again`);
    await this.#show(true);
    this.pane.querySelector(ignore ? "[data-ignore]" : "[data-regard]")?.focus({ preventScroll: true });
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
    this.#find.attend(this.panel, true);
  }

  #submit(event) {
    const form = event.target;
    if (!form.dataset.form) return;
    event.preventDefault();
    const does = form.dataset.form === "edit" ? this.#send(form) : this.#mark(form);
    does.catch(failed);
  }

  // send shows what will be sent, and sends it: once, or as a run.
  async #send(form) {
    const id = this.id, { ways, times, rate } = optionsOf(form);
    const edit = await editOf(id, form);
    if (!await preview(id, { ...edit, ...ways }, times)) return;
    if (times > 1) this.on.run({ ids: [id], edit, ...ways, times, rate });
    else this.on.sent(await send(id, { ...edit, ...ways }));
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
