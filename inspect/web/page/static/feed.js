// The list as it is now and what changes from then on: pages by cursor, then events. Whatever was missed, because the machine slept or the
// browser was slow, is sent again from the last event that was seen, or the list is read anew.
import { call } from "./api.js";

const [firstPage, laterPages] = [200, 1000]; // how many at once
const patience = 2000; // ms before a new try, when the browser has given up

export class Feed {
  #filter = "";
  #seen = ""; // the last event's id
  #source = null;
  #reading = null; // an AbortController
  #timer = 0;

  // on: reset(page) the list anew, page(page) older ones, exchange(x), unmatched(id) it no longer matches, status(), lagged() it has to be read again, state("live" | "again"), failed(problem)
  constructor(on) {
    this.on = on;
    // A page that nobody sees needs no connection: browsers have six for all pages of one address.
    document.addEventListener("visibilitychange", () => document.hidden ? this.#close() : this.#listen());
  }

  // open reads the list that the filter asks for, and follows it. many: as many of it as may be read at once.
  async open(filter, many = firstPage) {
    this.#close();
    this.#reading?.abort();
    const { signal } = this.#reading = new AbortController();
    this.#seen = "";
    try {
      const page = await call("GET", path(filter, Math.min(Math.max(many, firstPage), laterPages)), { signal });
      this.#filter = filter;
      this.#seen = page.cursor;
      this.on.reset(page);
      this.#listen();
    } catch (problem) {
      if (problem.name === "AbortError") return;
      this.on.failed(problem);
      if (problem.status === 0) this.#again(() => this.open(filter));
    }
  }

  // more reads the page before a cursor.
  async more(before) {
    this.on.page(await call("GET", path(this.#filter, laterPages) + "&before=" + encodeURIComponent(before), { signal: this.#reading?.signal }));
  }

  #listen() {
    if (this.#seen === "" || document.hidden || this.#source) return;
    const source = this.#source = new EventSource(`/api/v1/events?since=${encodeURIComponent(this.#seen)}${asked(this.#filter)}`);
    const take = (name, use) => source.addEventListener(name, event => {
      if (event.lastEventId) this.#seen = event.lastEventId;
      use(event);
    });
    source.onopen = () => this.on.state("live");
    source.onerror = () => {
      this.on.state("again");
      if (source.readyState === EventSource.CLOSED) this.#again(() => this.#listen());
    };
    take("exchange", event => this.on.exchange(JSON.parse(event.data)));
    take("unmatched", event => JSON.parse(event.data).ids.forEach(id => this.on.unmatched(id)));
    take("status", () => this.on.status());
    take("lagged", () => this.on.lagged());
  }

  #again(what) {
    this.#close();
    this.on.state("again");
    this.#timer = setTimeout(what, patience);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }
}

const path = (filter, limit) => `/api/v1/exchanges?limit=${limit}${asked(filter)}`;
const asked = filter => filter === "" ? "" : "&filter=" + encodeURIComponent(filter);
