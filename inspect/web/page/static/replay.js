// Sending a request again: as it was, or as a form says; first shown, then sent; and what came of it.
import { button, dialog, el, toast } from "./dom.js";
import { at, call } from "./api.js";
import * as words from "./words.js";

const patience = 10_000; // ms that a notice waits for the answer

// send replays a request, says how it came out as soon as that is known, and returns the id of the new exchange.
export async function send(id, resend = {}) {
  const { id: sent } = await call("POST", at(id) + "/replay", { body: resend });
  notice(sent).catch(() => toast("sent again")); // the list says the rest
  return sent;
}

// notice tells how a replay came out: "replayed → 200 in 31 ms, same body".
async function notice(id) {
  const end = performance.now() + patience;
  let x = await call("GET", at(id));
  for (let pause = 50; x.state === "pending" || x.state === "open"; pause = Math.min(pause * 1.5, 500)) {
    if (performance.now() > end) return toast("sent again; it is still under way");
    await new Promise(done => setTimeout(done, pause));
    x = await call("GET", at(id));
  }
  const o = words.outcome(x);
  const brief = x.status ? await call("GET", at(id) + "/diff").then(d => d.brief, () => "") : "";
  toast(`replayed → ${o.code || o.words} in ${words.duration(x.duration_ms)}${brief && `, ${brief}`}`, !x.status);
}

// optionsOf reads how a request is to be sent, and how often.
export function optionsOf(form) {
  const f = form.elements, ways = {};
  if (f.to.value.trim()) ways.to = f.to.value.trim();
  if (f.drop_cookies.checked) ways.drop_cookies = true;
  if (f.resign.checked) ways.resign = true;
  return { ways, times: f.times.valueAsNumber || 1, rate: f.rate.valueAsNumber || 0 };
}

// editOf reads what was changed of the request; what was left alone, or is masked, goes as it was recorded.
export async function editOf(id, form) {
  const f = form.elements, edit = {};
  const changed = name => f[name] && f[name].value !== f[name].defaultValue;
  if (changed("method")) edit.method = f.method.value.trim();
  if (changed("target")) edit.target = f.target.value.trim();
  if (changed("headers")) edit.headers = fields(f.headers.value);
  if (changed("body")) edit.body = form.dataset.crlf ? f.body.value.replace(/\r?\n/g, "\r\n") : f.body.value;
  return unmasked(id, edit, form.dataset.mask);
}

// fields reads "Name: value" lines.
function fields(text) {
  return text.split(/\r?\n/).filter(line => line.trim() !== "").map(line => {
    const i = line.indexOf(":");
    if (i < 1) throw new Error(`“${line.slice(0, 60)}” is no header: write Name: value`);
    return [line.slice(0, i).trim(), line.slice(i + 1).trim()];
  });
}

// unmasked puts the recorded values in place of those that the form did not show: the n-th field or parameter of a name gets the n-th of that name.
async function unmasked(id, edit, mask) {
  if (!edit.target?.includes(mask) && !edit.headers?.some(([, value]) => value.includes(mask))) return edit;
  const x = await call("GET", at(id));
  const missing = name => { throw new Error(`${name} is masked, and there is no recorded value for it: write the value`); };
  const parameters = Map.groupBy(x.target.matchAll(parameter), ([, , name]) => name);
  edit.target = edit.target?.replace(parameter, (pair, before, name, value) => {
    const was = parameters.get(name)?.shift()?.[3];
    return value.includes(mask) ? `${before}${name}=${was ?? missing(name)}` : pair;
  });
  const recorded = Map.groupBy(x.request.headers, ([name]) => name.toLowerCase());
  edit.headers = edit.headers?.map(([name, value]) => {
    const was = recorded.get(name.toLowerCase())?.shift();
    return [name, value.includes(mask) ? was?.[1] ?? missing(name) : value];
  });
  return edit;
}

const parameter = /([?&])([^=&]+)=([^&]*)/g;

// preview shows what would be sent, and resolves with true when it is to be.
export async function preview(id, resend, often) {
  const made = await call("POST", at(id) + "/replay/preview", { body: resend });
  const lines = [words.target(made.start_line, 4000), ...made.headers.map(([name, value]) => words.field(name, value))];
  const head = el("ol", {}, ...lines.map(line => el("li", {}, line)));
  const content = [
    el("p", {}, "To ", el("b", { class: "mono" }, words.safe(made.to)), often > 1 ? `, ${often} times` : ""),
    el("div", { class: "code", tabindex: 0, role: "region", "aria-label": "Head" }, head),
    el("p", { class: "quiet" }, made.size > 0 ? `and ${words.size(made.size)} of content` : "without content"),
  ];
  return await dialog("This will be sent", content, [button("Back", ""), el("button", { value: "yes", class: "main", autofocus: true }, "Send")]) === "yes";
}
