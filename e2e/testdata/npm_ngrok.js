// Drives adit through the npm package ngrok, as its own tests drive ngrok: node npm_ngrok.js PACKAGE BIN_DIR SETTINGS. Each check is a line, "ok WHAT" or
// "not ok WHAT: WHY"; the exit code is 1 when one has failed.
const http = require("http");
const fs = require("fs");
const path = require("path");

const [, , pack, bin, settings] = process.argv;
const { relay, service, busy, dir, domain } = JSON.parse(settings);
const ngrok = require(pack);
const binPath = () => bin;
let failed = false;

function check(what, good, found) {
  console.log(good ? `ok ${what}` : `not ok ${what}: ${typeof found === "string" ? found : JSON.stringify(found)}`);
  failed = failed || !good;
}

// error is what a promise fails with.
const error = (promise) => promise.then((v) => ({ message: `no error, but ${JSON.stringify(v)}` }), (e) => e);

// visit asks for a public URL, whose name only the relay knows.
function visit(url, options = {}) {
  return new Promise((resolve, reject) => {
    const [host, port] = relay.split(":");
    const headers = { host: new URL(url).host, ...options.headers };
    const q = http.request({ host, port, path: options.path || "/", method: options.method || "GET", headers, agent: false }, (a) => {
      let body = "";
      a.on("data", (d) => (body += d));
      a.on("end", () => resolve({ status: a.statusCode, body }));
    });
    q.on("error", reject);
    q.end(options.body);
  });
}

async function commands() {
  const version = await ngrok.getVersion({ binPath });
  check("a version of three numbers", /^\d+\.\d+\.\d+$/.test(version), version);
  const configPath = path.join(dir, "token.yml");
  await ngrok.authtoken({ authtoken: "adit_marker", configPath, binPath });
  check("the token is in the file", fs.readFileSync(configPath, "utf8").includes("adit_marker"), "it is not");
  if (ngrok.upgradeConfig) {
    fs.writeFileSync(configPath, "version: '2'\nauthtoken: adit_marker\ntunnels:\n  a:\n    proto: http\n    addr: 80\n");
    await ngrok.upgradeConfig({ configPath, binPath });
    check("the file is upgraded", /^version: 3/m.test(fs.readFileSync(configPath, "utf8")), fs.readFileSync(configPath, "utf8"));
  }
  const taken = path.join(dir, "taken.yml");
  fs.writeFileSync(taken, `version: "2"\nweb_addr: ${busy}\n`);
  let ended; // the package takes the end of this agent, however late, for that of the next one
  const end = new Promise((resolve) => (ended = resolve));
  const e = await error(ngrok.connect({ addr: service, configPath: taken, binPath, onTerminated: ended }));
  await end;
  check("a web address that is taken", /address already in use/.test(e.message), e.message);
}

async function tunnels(api, url) {
  const name = (await api.listTunnels()).tunnels.find((t) => t.public_url === url).name;
  const detail = await api.tunnelDetail(name);
  check("the tunnel's details", detail.public_url === url && detail.metrics.http.count >= 1 && detail.config.addr === `http://localhost:${service}`, detail);
  const few = await api.listRequests({ limit: 1, tunnel_name: name });
  check("its requests", few.requests.length === 1 && few.requests[0].request.uri === "/first", few);
  const id = few.requests[0].id;
  check("one of them", (await api.requestDetail(id)).response.status_code === 200, id);
  check("a replay", (await api.replayRequest(id, name)) === true, "not 204");
  check("no requests any more", (await api.deleteAllRequests()) === true, "not 204");
  const none = await error(api.tunnelDetail("nobody"));
  check("a tunnel that is not there", none.body && none.body.status_code === 404 && none.body.error_code === 100, none.body);
}

async function options() {
  const guarded = await ngrok.connect({ addr: `localhost:${service}`, [ngrok.upgradeConfig ? "basic_auth" : "auth"]: "user:password1", host_header: "rewrite", binPath });
  check("a visitor without the password", (await visit(guarded)).status === 401, "let in");
  const headers = { authorization: "Basic " + Buffer.from("user:password1").toString("base64") };
  check("a visitor with the password", (await visit(guarded, { headers })).status === 200, "turned away");
  const named = await ngrok.connect({ addr: service, subdomain: "named", "ip_restriction.deny_cidrs": ["127.0.0.0/8"], binPath });
  check("the name that was asked for", new URL(named).hostname === `named.${domain}`, named);
  check("an address that is shut out", (await visit(named)).status === 403, "let in");
  const twice = await error(ngrok.connect({ addr: service, subdomain: "named", binPath }));
  check("a name that is taken", twice.message === "failed to start tunnel" && /is already bound to another tunnel session/.test(twice.body.details.err), twice.body || twice.message);
  const portless = await error(ngrok.connect({ addr: service, proto: "tcp", binPath }));
  check("no port for a tcp tunnel", portless.message === "failed to start tunnel" && /--tcp-ports/.test(portless.body.details.err), portless.body || portless.message);
  for (const [key, value] of [["proto", "udp"], ["oauth.provider", "google"], ["addr", "nonsense nonsense"]]) {
    const e = await error(ngrok.connect({ addr: service, [key]: value, binPath }));
    const good = e.message === "invalid tunnel configuration" && e.body.status_code === 400 && e.body.details.err.includes(key);
    check(`refused: ${key}`, good, e.body || e.message);
  }
}

async function main() {
  await commands();
  const status = [];
  const lines = [];
  let ended = false;
  const url = await ngrok.connect({
    addr: service, port: 80, region: "us", somethingElse: { a: 1 }, binPath,
    onStatusChange: (s) => status.push(s), onLogEvent: (l) => lines.push(l), onTerminated: () => (ended = true),
  });
  check("a public URL", url.startsWith("http") && url.includes(domain), url);
  check("the API's address", /^http:\/\/127\.0\.0\.1:\d+$/.test(ngrok.getUrl()), ngrok.getUrl());
  const first = await visit(url, { path: "/first" });
  check("a visit", first.status === 200 && first.body.startsWith("GET /first"), first);
  check("the log", lines.some((l) => l.includes("starting web service")), lines);
  await tunnels(ngrok.getApi(), url);
  await options();
  check("connected", status.join() === "connected", status);
  await ngrok.disconnect(url);
  const gone = await visit(url);
  check("a URL that was given up", gone.status >= 400 && /Tunnel (.)* (not found|is closing)/.test(gone.body), gone);
  await ngrok.disconnect();
  check("no tunnels any more", (await ngrok.getApi().listTunnels()).tunnels.length === 0, "there are some");
  await ngrok.kill();
  check("the end", ended, "nobody was told");
}

main().then(
  () => process.exit(failed ? 1 : 0),
  (e) => {
    console.log(`not ok: ${e.stack} ${JSON.stringify(e.body)}`);
    process.exit(1);
  },
);
