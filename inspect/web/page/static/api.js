// The local API, /api/v1, and the page's own fragments.

export const at = id => "/api/v1/exchanges/" + encodeURIComponent(id);

export const mostNamed = 1000; // exchanges, in one request: mostListed in params.go

// Problem is an answer that is not what was asked for: code is stable, at the character of a filter, hint what to do.
export class Problem extends Error {
  constructor(status, error = {}) {
    super(error.message || `the agent answered ${status}`);
    Object.assign(this, { status, code: error.code, at: error.at, hint: error.hint });
  }
}

// keepalive: it is sent although the page is left.
export async function call(method, path, { body, signal, keepalive } = {}) {
  const init = { method, signal, keepalive, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    init.headers["Content-Type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  const answer = await fetch(path, init).catch(unreachable);
  const text = await answer.text();
  let value = null;
  try {
    value = text === "" ? null : JSON.parse(text);
  } catch { /* not the API's: the status says enough */ }
  if (!answer.ok) throw new Problem(answer.status, value?.error);
  return value;
}

// lines sends what is asked and yields each line of JSON of the answer as it comes.
export async function* lines(path, body, signal) {
  const init = { method: "POST", signal, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  const answer = await fetch(path, init).catch(unreachable);
  if (!answer.ok) throw new Problem(answer.status, (await answer.json().catch(() => null))?.error);
  let rest = "";
  for await (const piece of pieces(answer.body)) {
    const whole = (rest + piece).split("\n");
    rest = whole.pop();
    for (const line of whole) yield JSON.parse(line);
  }
}

// pieces reads a stream as text. Not every browser can iterate over one.
async function* pieces(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

// text reads an export.
export async function text(path) {
  const answer = await fetch(path).catch(unreachable);
  const body = await answer.text();
  if (answer.ok) return body;
  let error;
  try {
    error = JSON.parse(body).error;
  } catch { /* as in call */ }
  throw new Problem(answer.status, error);
}

function unreachable(error) {
  if (error.name === "AbortError") throw error;
  throw new Problem(0, { message: "the agent does not answer", hint: "it may have ended" });
}

// fragment reads a part of the page as elements. The browser's own parser makes them, in a document without scripting.
export function fragment(path, signal) {
  return new Promise((resolve, reject) => {
    const x = new XMLHttpRequest();
    x.open("GET", path);
    x.setRequestHeader("Accept", "text/html");
    x.responseType = "document";
    x.onload = () => {
      const nodes = x.response?.body ? [...x.response.body.children] : [];
      nodes.length > 0 ? resolve(nodes.map(n => document.adoptNode(n))) : reject(new Problem(x.status));
    };
    x.onerror = () => reject(new Problem(0, { message: "the agent does not answer", hint: "it may have ended" }));
    x.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => x.abort());
    x.send();
  });
}
