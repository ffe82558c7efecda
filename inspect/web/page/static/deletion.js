// What was deleted is gone from the list at once, and from the store when it cannot be undone any more.
import { $, choose, el, failed, toast } from "./dom.js";
import { at, call, mostNamed } from "./api.js";

const undoTime = 10_000; // ms for which a deletion can be undone

// many says how many requests, connections, or of both, rows are.
function many(rows) {
  const of = (n, one) => n === 0 ? [] : [n === 1 ? `1 ${one}` : `${n} ${one}s`];
  const n = rows.filter(x => x.kind === "http").length;
  return [...of(n, "request"), ...of(rows.length - n, "connection")].join(" and ");
}

export class Deletion {
  #ids = []; // that still can come back
  #what = ""; // they are
  #gone = new Set(); // ids of all that was deleted: a list that was read before may have them
  #timer = 0;
  #offer = null; // the toast with the button

  // on: gone(ids) they are to leave the list, back() some are to return, row(id) what is known of an exchange
  constructor(on) {
    this.on = on;
    // Who leaves the page has said what is to go; it does not wait for them to come back.
    addEventListener("pagehide", () => this.#carryOut().catch(() => {}));
  }

  // left is a page of the list without what was deleted.
  left(page) { return { ...page, exchanges: page.exchanges.filter(x => !this.has(x.id)) }; }

  has(id) { return this.#gone.has(id); }

  // delete takes requests off the list. Those under way stay, and whether pinned ones go is asked. The deletion before can not be undone from here on.
  async delete(ids) {
    const all = await Promise.all(ids.map(id => this.on.row(id) ?? call("GET", at(id))));
    const ended = all.filter(x => x.state !== "pending" && x.state !== "open"), plain = ended.filter(x => !x.pinned);
    if (ended.length === 0) return toast("what is under way cannot be deleted", true);
    const wanted = plain.length === ended.length ? plain : await this.#ask(ended, plain);
    if (wanted.length === 0) return;
    this.#carryOut().catch(failed);
    [this.#ids, this.#what] = [wanted.map(x => x.id), many(wanted)];
    for (const id of this.#ids) this.#gone.add(id);
    this.on.gone(this.#ids);
    this.#offer = toast(`deleted ${this.#what}`, false, undoTime, el("button", { type: "button", "data-do": "undo" }, "Undo ", el("kbd", {}, "u")));
    this.#timer = setTimeout(() => this.#carryOut().catch(failed), undoTime);
  }

  // ask asks whether the pinned ones go, too, and returns which are to.
  async #ask(ended, plain) {
    const said = await choose(`Of ${many(ended)} ${ended.length - plain.length} pinned. Delete?`, [
      ["all", `delete ${many(ended)}, pinned or not`],
      ...plain.length > 0 ? [["rest", `delete the rest: ${many(plain)}`]] : [],
    ]);
    return { all: ended, rest: plain }[said] ?? [];
  }

  // undo brings back what was deleted last.
  undo() {
    const ids = this.#settle();
    if (ids.length === 0) return toast("there is nothing to bring back");
    this.#bringBack(ids);
    toast(`${this.#what} brought back`);
  }

  #bringBack(ids) {
    for (const id of ids) this.#gone.delete(id);
    this.on.back();
  }

  // settle ends the time to undo, and returns what could have been until now.
  #settle() {
    clearTimeout(this.#timer);
    if (this.#offer?.contains(document.activeElement)) $("list").focus();
    this.#offer?.remove();
    return this.#ids.splice(0);
  }

  // carryOut deletes from the store what is off the list.
  async #carryOut() {
    const ids = this.#settle();
    try {
      for (let i = 0; i < ids.length; i += mostNamed) {
        await call("DELETE", "/api/v1/exchanges?ids=" + ids.slice(i, i + mostNamed).map(encodeURIComponent).join(), { keepalive: true });
      }
    } catch (problem) {
      this.#bringBack(ids);
      throw problem;
    }
  }
}
