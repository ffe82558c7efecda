// How times, sizes and outcomes are written in a row: as inspect/view writes them elsewhere.
import { masksAll } from "./dom.js";

// safe shows what cannot be seen or turns the reading direction as an escape, in what a stranger has sent; much is cut.
export const safe = (text, most = 400) => text.slice(0, most).replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/gu, c => `\\u{${c.codePointAt(0).toString(16)}}`);

// What names of secrets have in them, and what stands for a secret: as in inspect/view/mask.go.
const secret = /token|secret|passw|apikey|authorization|cookie|credential|privatekey|jwt/;
const masked = "••••••••";
const isSecret = name => secret.test(name.toLowerCase().replace(/[-_]/g, ""));

// encoded finds secrets in a query that is itself a value, as in next=%2Fcb%3Ftoken%3Dx.
const encoded = new RegExp(`([?&][^=&\\s]+=[^&\\s]*?(?:${secret.source.replaceAll("key", "[-_]?key")})[\\w.-]*%3d)[^&\\s]+`, "gi");

// target is a request's target without the secrets in its query.
export function target(text, most) {
  if (masksAll) return safe(text.replace(/([?&])([^=&\s]*)(=[^&\s]*)?/g, (_, before, name) => `${before}${name}=${masked}`), most);
  const shown = text.replace(/([?&])([^=&\s]+)=([^&\s]+)/g, (pair, before, name) => isSecret(name) ? `${before}${name}=${masked}` : pair);
  return safe(shown.replace(encoded, `$1${masked}`), most);
}

// title names what was carried: method and target of a request, as it is; the kind of a connection, and whose it is and what passed.
export function title(x) {
  if (x.kind === "http") return [x.method, x.target];
  const passed = x.request_size + x.response_size === 0 ? "" : `${size(x.request_size)} ↑ ${size(x.response_size)} ↓`;
  const of = [x.host, x.client, passed];
  return [x.kind.toUpperCase(), of.filter(Boolean).join(" · ")];
}

// field is a header field as a line, without its value if that is a secret, or those in its query if it is a URL.
export const field = (name, value) => `${safe(name)}: ${masksAll || isSecret(name) ? masked : target(value, 4000)}`;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const date = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });
const day = new Intl.DateTimeFormat("en-CA", { dateStyle: "short" });

// time is short where there is little room, with more behind it where there is: the clock today, the date on other days.
export function time(start) {
  const t = new Date(start), at = clock.format(t), full = `${day.format(t)} ${at}`;
  if (t.toDateString() !== new Date().toDateString()) return { short: date.format(t), more: " " + at.slice(0, 5), full };
  return { short: at, more: "." + String(t.getMilliseconds()).padStart(3, "0"), full };
}

export function duration(ms) {
  if (ms <= 0) return "0 ms";
  if (ms < 1) return `${Math.max(1, Math.floor(ms * 1000))} µs`;
  if (ms < 1000) return `${Math.floor(ms)} ms`;
  const s = ms / 1000, min = Math.floor(s / 60), h = Math.floor(min / 60), d = Math.floor(h / 24);
  if (s < 10) return `${(Math.floor(ms / 10) / 100).toFixed(2)} s`;
  if (s < 60) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  if (h < 1) return `${min} min ${Math.floor(s % 60)} s`;
  if (d < 1) return `${h} h ${min % 60} min`;
  return `${d} d ${h % 24} h`;
}

// lasted is how long what goes on has lasted since its start, in the largest unit: it is written anew each second.
export function lasted(start) {
  const s = Math.floor((Date.now() - Date.parse(start)) / 1000);
  const [n, unit] = s < 60 ? [s, "s"] : s < 3600 ? [s / 60, "min"] : s < 86400 ? [s / 3600, "h"] : [s / 86400, "d"];
  return s < 1 ? "…" : `${Math.floor(n)} ${unit} …`;
}

export function size(n) {
  if (n < 1024) return `${n} B`;
  const units = ["KiB", "MiB", "GiB", "TiB"];
  let i = -1;
  do {
    n /= 1024;
    i++;
  } while (n >= 1023.95 && i < units.length - 1);
  return `${n.toFixed(1).replace(/\.0$/, "")} ${units[i]}`;
}

// outcome is the sign, the words and the colour of how an exchange came out: never by colour alone.
export function outcome(x) {
  if (x.state === "interrupted") return { sign: "⊘", code: "", words: "interrupted", tone: "warn" };
  if (x.failure) return { sign: "✕", code: x.status ? String(x.status) : "", words: safe(x.failure.name), tone: "bad" };
  if (x.kind !== "http" && x.state === "done") return { sign: "●", code: "", words: "closed", tone: "good" };
  if (!x.status) return { sign: "◌", code: "", words: x.state, tone: "quiet" };
  const kind = x.status >= 500 ? ["✕", "bad"] : x.status >= 400 ? ["▲", "warn"] : x.status >= 300 || x.status < 200 ? ["↪", "note"] : ["●", "good"];
  const open = x.state === "open";
  return { sign: open ? "◌" : kind[0], code: String(x.status), words: safe(x.reason, 80) + (open ? " …" : ""), tone: kind[1] };
}
