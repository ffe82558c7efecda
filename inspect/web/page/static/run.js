// A regression run: many requests are sent again, and each answer is compared with the one there was. The agent does both; here is the table of it.
import { $, button, dialog, el, failed, toast } from "./dom.js";
import { at, call, lines } from "./api.js";
import { optionsOf } from "./replay.js";
import * as words from "./words.js";

const most = 2000; // rows in the document; of what passed no more are shown then

const starting = "starting";

const verdicts = {
  passed: ["●", "good", "passed"],
  differs: ["▲", "warn", "differs"],
  failed: ["✕", "bad", "failed"],
  "not sent": ["⊘", "quiet", "not sent"],
};

export class Run {
  #plan = null; // of the last one
  #shown = false;
  #control = null; // an AbortController while it is under way
  #links = []; // of the rows
  #table = {}; // how many came out how

  // on: open(replay, original) a row was chosen, shown(), closed(), row(id) what is known of an exchange
  constructor(on) {
    this.on = on;
    this.pane = $("run");
    $("run-stop").addEventListener("click", () => this.stop());
    $("run-again").addEventListener("click", () => this.start(this.#plan).catch(failed));
    $("run-only").addEventListener("change", event => this.pane.classList.toggle("only", event.target.checked));
    $("run-rows").addEventListener("click", event => {
      const link = event.target.closest("a");
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.#open(link);
    });
  }

  get open() { return this.#shown; }
  get running() { return this.#control !== null; }

  // ask asks how the requests are to be sent again, and begins. which says what they are: {ids} or {filter}.
  async ask(which, what) {
    const text = "Each is sent again, the oldest first, and its answer is compared with the one there was." +
      (which.ids ? "" : " Replays are left out unless the filter says replay:, and so is what is beyond the newest 1000.");
    const options = document.importNode($("run-options").content, true);
    const fields = el("div", { class: "sheet" }, el("p", {}, text), options);
    const said = dialog(`Replay ${what}`, [fields], [button("Cancel", ""), button("Start", "yes", "main")]);
    const form = fields.closest("form");
    if (await said !== "yes") return;
    const { ways, times, rate } = optionsOf(form);
    await this.start({ ...which, ...ways, times, rate });
  }

  // start sends them again, and resolves when all have been, or it was stopped.
  async start(plan) {
    this.stop();
    const { signal } = this.#control = new AbortController();
    this.#plan = plan;
    this.#clear();
    this.show();
    let how = "done";
    try {
      for await (const line of lines("/api/v1/runs", plan, signal)) this.#take(line);
    } catch (problem) {
      how = signal.aborted ? "stopped" : "cut off";
      if (!signal.aborted) failed(problem);
    }
    if (this.#control?.signal === signal) this.#end(how);
  }

  stop() { this.#control?.abort(); }

  // show shows the last run again.
  show() {
    if (!this.#plan) return;
    this.#shown = true;
    this.on.shown();
    this.back();
  }

  close() {
    this.stop();
    this.#shown = false;
    this.on.closed();
  }

  // step goes to the n-th row after the one that was looked at last; with open its difference is shown.
  step(n, open) {
    const seen = this.#links.filter(a => a.offsetParent !== null || open);
    const now = seen.findIndex(a => a.ariaCurrent);
    const next = seen[Math.max(0, Math.min(seen.length - 1, now + n))];
    if (!next) return;
    this.#mark(next);
    open ? this.#open(next) : next.focus();
  }

  // back leads to the row that was looked at last.
  back() {
    const now = this.#links.find(a => a.ariaCurrent);
    (now ?? $("run-what")).focus();
  }

  #mark(link) {
    for (const a of this.#links) a.ariaCurrent = a === link ? "true" : null;
  }

  #open(link) {
    this.#mark(link);
    this.on.open(link.dataset.id, link.dataset.original);
  }

  #clear() {
    this.#links = [];
    this.#table = { passed: 0, differs: 0, failed: 0 };
    $("run-rows").replaceChildren();
    $("run-what").textContent = "Regression run";
    $("run-count").textContent = starting;
    $("run-progress").removeAttribute("value");
    this.#buttons(true);
  }

  #buttons(running) {
    $("run-stop").hidden = !running;
    $("run-again").hidden = running;
  }

  // take shows a line of the answer: what came of one request, or the table at the end.
  #take(line) {
    if (line.table) {
      if (line.error) failed(new Error(line.error));
      return;
    }
    this.#row(line);
    const t = this.#table;
    t[line.verdict in t ? line.verdict : "failed"]++;
    $("run-progress").max = line.planned;
    $("run-progress").value = line.done;
    const parts = [`${line.done} of ${line.planned}`, `${t.passed} passed`, `${t.differs} ${t.differs === 1 ? "differs" : "differ"}`, `${t.failed} failed`];
    $("run-count").textContent = parts.join(" · ");
  }

  #row(o) {
    if (this.#links.length >= most && o.verdict === "passed") return;
    const [sign, tone, said] = verdicts[o.verdict] ?? ["◌", "quiet", o.verdict];
    const link = el(o.replay ? "a" : "span", { href: o.replay && `/exchanges/${encodeURIComponent(o.replay)}?tab=diff`, "data-id": o.replay, "data-original": o.original });
    this.#name(link, o.original).catch(() => { link.textContent = o.original; });
    if (o.replay) this.#links.push(link);
    const why = o.error ? words.safe(o.error) : (o.changed ?? []).join(", ");
    $("run-rows").append(el("tr", { class: o.verdict === "passed" ? "passed" : null },
      el("td", {}, link),
      el("td", {}, el("span", { class: tone }, el("span", { class: "sign", "aria-hidden": "true" }, sign), said), why ? el("span", { class: "quiet" }, " " + why) : null),
      el("td", {}, o.status === o.error ? "" : words.safe(o.status)),
      el("td", { class: "num" }, o.replay ? words.duration(o.took_ms) : "")));
  }

  // name writes which request it is: the list may not have come so far.
  async #name(link, id) {
    const x = this.on.row(id) ?? await call("GET", at(id));
    const [method, of] = words.title(x);
    link.textContent = `${words.safe(method, 40)} ${words.target(of)}`;
  }

  #end(how) {
    this.#control = null;
    this.#buttons(false);
    if ($("run-count").textContent === starting) $("run-count").textContent = "nothing was sent";
    $("run-progress").value ||= 0;
    $("run-what").textContent = `Regression run, ${how}`;
    toast(`${how}: ${$("run-count").textContent}`);
  }
}
