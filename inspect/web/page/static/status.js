// The status page: figures that are read every two seconds while somebody looks, as small plots of up to the last five minutes; and what the agent says in
// words, read as often.
import { $ } from "./dom.js";
import { call, fragment } from "./api.js";
import * as chrome from "./chrome.js";
import * as words from "./words.js";

const pause = 2000; // ms
const [least, most] = [30, 150]; // points that a plot has room for: it grows with them

const plots = [...document.querySelectorAll("[data-plot]")].map(box => ({ box, points: [] }));
let last = null;

async function read() {
  const meters = await call("GET", "/api/v1/meters");
  const now = performance.now(), { requests, conns } = meters.total ?? meters;
  const figures = { p50: requests.p50_ms, p90: requests.p90_ms, open: conns.open };
  if (last) figures.rate = Math.max(0, requests.count - last.count) / ((now - last.now) / 1000);
  last = { count: requests.count, now };
  for (const p of plots) {
    if (p.box.dataset.plot in figures) add(p, figures[p.box.dataset.plot]);
  }
}

function add({ box, points }, value) {
  points.push(value);
  if (points.length > most) points.shift();
  const write = { rate: v => `${v.toFixed(v < 10 ? 1 : 0)}/s`, open: v => String(v) }[box.dataset.plot] ?? (v => v > 0 ? words.duration(v) : "–");
  box.querySelector("b").textContent = write(value);
  box.querySelector(".most").textContent = points.length > 1 ? `at most ${write(Math.max(...points))}` : "";
  const top = Math.max(...points, 0.001); // of the scale
  const room = Math.max(least, points.length);
  const line = points.map((v, i) => `${(room - points.length + i) / (room - 1) * 100},${30 - v / top * 28}`);
  const [area, path] = box.querySelectorAll("path");
  path.setAttribute("d", "M" + line.join("L"));
  area.setAttribute("d", `M${line[0].split(",")[0]},30L${line.join("L")}L100,30Z`);
  box.querySelector("svg").setAttribute("aria-label", `${box.dataset.name}: now ${box.querySelector("b").textContent}, at most ${write(top)}`);
}

// tell reads the page again, and puts in place what it says anew, unless somebody is in it or marks text.
async function tell() {
  const nodes = await fragment("/status");
  const fresh = nodes.flatMap(n => [...n.querySelectorAll("[data-live]")]);
  for (const now of document.querySelectorAll("[data-live]")) {
    const next = fresh.find(n => n.dataset.live === now.dataset.live);
    const busy = now.contains(document.activeElement) || !getSelection().isCollapsed;
    if (next && !busy && !now.isEqualNode(next)) now.replaceWith(next);
  }
}

async function turn() {
  try {
    if (!document.hidden) await Promise.all([read(), tell(), chrome.showState()]);
    $("stale").hidden = true;
  } catch {
    $("stale").hidden = false;
    chrome.away();
  }
  setTimeout(turn, pause);
}

chrome.start();
turn();
