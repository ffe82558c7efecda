// Lists of short texts that the dashboard has, too: what was typed as a filter, and what a comparison leaves out.
import { call } from "./api.js";

const path = list => "/api/v1/memos/" + list;

export const read = async list => (await call("GET", path(list))).texts;
export const add = (list, text) => call("POST", path(list), { body: { text } });
export const remove = (list, text) => call("DELETE", `${path(list)}?text=${encodeURIComponent(text)}`);

// History is what was typed as a filter before, newest first.
export class History {
  #all = [];
  #ready = null; // a promise: they have been read
  #walk = []; // those that differ from what is being typed
  #at = -1; // the one that is shown, -1: what is being typed
  #typed = "";

  // read begins a walk.
  async read() {
    this.#at = -1;
    await (this.#ready = read("filters").then(all => { this.#all = all; }));
  }

  // step leads to the n-th filter before the one that is shown (behind it, below 0), and returns it.
  async step(n, shown) {
    await this.#ready;
    if (this.#at < 0) [this.#typed, this.#walk] = [shown, this.#all.filter(text => text !== shown)];
    this.#at = Math.max(-1, Math.min(this.#walk.length - 1, this.#at + n));
    return this.#at < 0 ? this.#typed : this.#walk[this.#at];
  }

  // keep puts a filter on top.
  async keep(text) {
    this.#at = -1;
    if (text === "" || text === this.#all[0]) return;
    this.#all = [text, ...this.#all.filter(t => t !== text)];
    await add("filters", text);
  }
}
