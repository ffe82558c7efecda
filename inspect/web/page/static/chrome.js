// What every page has: the theme's button and the state of the link to the relay.
import { $, copy, remember } from "./dom.js";
import { call } from "./api.js";

export function start() {
  $("theme").addEventListener("click", turnTheme);
  $("copy-url")?.addEventListener("click", event => copy(event.currentTarget.dataset.url, "URL"));
}

function turnTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = dark ? "light" : "dark";
  remember("theme", root.dataset.theme);
}

// away says that the agent does not answer: what its session was no longer counts.
export function away() {
  const pill = $("state");
  pill.dataset.state = "away";
  pill.textContent = "no agent";
  pill.title = "The agent does not answer. Its page tries again.";
}

// showState keeps the pill with the state of the session.
export async function showState() {
  const status = await call("GET", "/api/v1/status");
  const pill = $("state");
  pill.dataset.state = status.state;
  pill.textContent = status.state;
  pill.title = status.reason ?? "";
}
