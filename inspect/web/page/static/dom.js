// Elements, questions and messages. Nothing on the page is made from text that is read as HTML: the content security policy forbids it.

export const $ = id => document.getElementById(id);

// masksAll says that nothing captured is to be readable: adit was started with mask-all.
export const masksAll = document.documentElement.dataset.mask === "all";

// el makes an element; attributes that are false or null are left out, children are elements or text.
export function el(tag, attributes = {}, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value != null) e.setAttribute(name, value === true ? "" : value);
  }
  e.append(...children.filter(c => c != null && c !== ""));
  return e;
}

// toast tells something for a few seconds, with a button perhaps; screen readers say it.
export function toast(text, wrongly = false, ms = wrongly ? 8000 : 3500, button = null) {
  const t = el("div", { class: wrongly ? "toast wrongly" : "toast", role: wrongly ? "alert" : null }, text, button);
  $("toasts").append(t);
  setTimeout(() => t.remove(), ms);
  return t;
}

// failed tells why something did not work.
export const failed = error => {
  if (error.name !== "AbortError") toast([error.message, error.hint].filter(Boolean).join(" – "), true);
};

// dialog shows content above the page and resolves with the value of the button that closed it, "" for escape.
export function dialog(title, content, buttons) {
  const opener = document.activeElement;
  const d = el("dialog", { "aria-label": title }, el("h2", {}, title));
  const form = el("form", { method: "dialog" }, ...content, el("div", { class: "acts" }, ...buttons));
  d.append(form);
  form.addEventListener("click", event => event.target.type === "button" && d.close());
  document.body.append(d);
  d.showModal();
  return new Promise(resolve => d.addEventListener("close", () => {
    resolve(d.returnValue);
    d.remove();
    opener?.focus?.();
  }));
}

// button closes a dialog with its value. One without a value is not what enter in a field presses.
export const button = (text, value, cls = "") => el("button", { value, class: cls, type: value === "" ? "button" : "submit" }, text);

// ask asks before something is done that cannot be undone.
export async function ask(title, text, verb) {
  return await dialog(title, [el("p", {}, text)], [button("Cancel", ""), button(verb, "yes", "danger")]) === "yes";
}

// choose asks which one of several things is meant, each [value, text]; "" for none of them. Numbers choose, too.
export async function choose(title, things) {
  const buttons = things.map(([value, text], i) => el("button", { value, autofocus: i === 0 }, text, el("kbd", {}, String(i + 1))));
  const menu = el("div", { class: "menu" }, ...buttons);
  menu.addEventListener("keydown", event => buttons[Number(event.key) - 1]?.click());
  return await dialog(title, [menu], [button("Cancel", "", "plain")]);
}

// prompt asks for a line of text; null when it was not given.
export async function prompt(title, label, value = "") {
  const input = el("input", { value, name: "value", autocomplete: "off", autofocus: true });
  const said = await dialog(title, [el("label", {}, el("span", {}, label), input)], [button("Save", "yes", "main")]);
  return said === "yes" && input.value.trim() !== "" ? input.value.trim() : null;
}

// copy puts text on the clipboard; where the browser refuses that (no https, no permission) the text is shown to be copied by hand.
export async function copy(text, what) {
  try {
    await navigator.clipboard.writeText(text);
    toast(`${what} copied`);
  } catch {
    if (masksAll) return toast(`the browser does not let ${what} be copied, and what is masked is not shown`, true);
    const area = el("textarea", { readonly: true, autofocus: true, "aria-label": what });
    area.value = text;
    area.addEventListener("focus", () => area.select());
    await dialog(`Copy ${what}`, [area], [button("Close", "")]);
  }
}

// remember and recall keep small settings between visits, where the browser allows it.
export function remember(name, value) {
  try {
    value ? localStorage.setItem("adit." + name, value) : localStorage.removeItem("adit." + name);
  } catch { /* the browser keeps nothing: then it is not remembered */ }
}
export function recall(name) {
  try {
    return localStorage.getItem("adit." + name) ?? "";
  } catch {
    return "";
  }
}
