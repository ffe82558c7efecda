// What can be done with exchanges, by key or by click.
import { $, ask, choose, copy, el, failed, prompt, toast } from "./dom.js";
import { at, call, mostNamed, text } from "./api.js";
import * as words from "./words.js";

export async function pin(x) {
  await call("PATCH", at(x.id), { body: { pinned: !x.pinned } });
  toast(x.pinned ? "no longer pinned" : "pinned: it is never deleted to make room");
}

const forms = [["curl", "curl"], ["httpie", "HTTPie"], ["fetch", "fetch (JavaScript)"], ["raw", "raw request"]];

// copyAs asks in which form, and copies.
export async function copyAs(id) {
  const form = await choose("Copy request as", forms);
  if (form) await copy(await text(`${at(id)}/export?format=${form}`), forms.find(f => f[0] === form)[1]);
}

// clear deletes what the filter shows, after a question.
export async function clear(filter) {
  const what = filter ? `everything that matches ${filter}` : "all captured requests";
  if (!await ask("Delete requests?", `This deletes ${what}, of earlier runs too, and cannot be undone. Pinned ones stay.`, "Delete")) return false;
  const answer = await call("DELETE", "/api/v1/exchanges?" + (filter ? "filter=" + encodeURIComponent(filter) : "all=1"));
  toast(answer?.deleted === undefined ? "deleted" : `${answer.deleted} deleted`);
  return true;
}

// exportHAR saves those that are named, or else what the filter shows, without secrets unless they are wanted.
export async function exportHAR(ids, filter, redacted) {
  if (ids.length > mostNamed) return toast(`${ids.length} are marked, and at most ${mostNamed} can be exported together: take a filter`, true);
  const what = ids.length > 0 ? `what is marked (${ids.length})` : "what is listed";
  if (!redacted && !await ask("Export with all secrets?", `Tokens, cookies and passwords of ${what}: who gets the file has them.`, "Export everything")) return;
  const which = ids.length > 0 ? "ids=" + ids.map(encodeURIComponent).join() : "filter=" + encodeURIComponent(filter);
  el("a", { href: `/api/v1/export?format=har&${which}${redacted ? "&redact=1" : ""}`, download: "adit.har" }).click();
  toast(`${what}, ${redacted ? "without" : "with"} secrets, as HAR`);
}

// Views are filters with a name.
export class Views {
  #all = [];

  constructor(select, use) {
    this.select = select;
    select.addEventListener("change", () => this.#chosen(use).catch(failed));
  }

  async read(current) {
    this.#all = (await call("GET", "/api/v1/views")).views ?? [];
    const options = this.#all.map((v, i) => el("option", { value: "view" + i, title: v.filter }, v.name));
    const here = this.#all.findIndex(v => v.filter === current);
    const more = [el("option", { value: "save", disabled: current === "" }, "Save this filter…")];
    if (here >= 0) more.push(el("option", { value: "delete" }, `Delete “${this.#all[here].name}”`));
    this.select.replaceChildren(el("option", { value: "" }, "All requests"), ...options, el("hr"), ...more);
    this.select.value = here >= 0 ? "view" + here : "";
    if (here < 0 && current !== "") this.select.options[0].textContent = "No view";
    this.current = current;
  }

  async #chosen(use) {
    const said = this.select.value, here = this.#all.find(v => v.filter === this.current);
    if (said === "save") return this.save();
    if (said === "delete") {
      await call("DELETE", "/api/v1/views/" + encodeURIComponent(here.name));
    } else {
      use(said === "" ? "" : this.#all[Number(said.slice(4))].filter);
      return;
    }
    await this.read(this.current);
  }

  // save asks for a name of the present filter.
  async save() {
    const name = await prompt("Save this filter", `Name for ${this.current}`);
    if (name) await call("PUT", "/api/v1/views/" + encodeURIComponent(name), { body: { filter: this.current } });
    await this.read(this.current);
  }
}

// Arrivals tells screen readers what has come: at most every few seconds, and only the last one by name.
export class Arrivals {
  #count = 0;
  #last = null;
  #timer = 0;

  tell(x) {
    this.#count++;
    this.#last = x;
    this.#timer ||= setTimeout(() => {
      const o = words.outcome(this.#last);
      const [method, of] = words.title(this.#last);
      const one = `${words.safe(method, 40)} ${words.target(of, 80)} ${o.code} ${o.words}`;
      $("arrivals").textContent = this.#count > 1 ? `${this.#count} new requests, the last: ${one}` : `new request: ${one}`;
      this.#count = this.#timer = 0;
    }, 3000);
  }
}
