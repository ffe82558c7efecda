package edge

// pageHTML is the page for browsers. Everything is in it: the service behind the endpoint may be down, and no other host is asked for anything.
const pageHTML = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<meta name="color-scheme" content="light dark">
<title>{status} {reason} · {code}</title>
<style>
:root{--bg:#f6f7f9;--card:#fff;--ink:#1c2330;--soft:#5d6778;--line:#dfe3ea;--bad:#c62f3b;--badbg:#fdeff0}
@media(prefers-color-scheme:dark){:root{--bg:#0f1318;--card:#171d25;--ink:#e6eaf1;--soft:#97a2b3;--line:#2a333f;--bad:#ff7a82;--badbg:#2b1a1e}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",sans-serif}
main{width:100%;max-width:640px;background:var(--card);border:1px solid var(--line);border-radius:14px;padding:32px;overflow-wrap:anywhere}
.code{margin:0;color:var(--bad);font:600 13px/1.4 ui-monospace,SFMono-Regular,Menlo,monospace;letter-spacing:.02em}
h1{margin:6px 0 0;font-size:24px;line-height:1.3;font-weight:650}
.detail{margin:14px 0 0;padding:10px 14px;border-radius:8px;background:var(--bg);font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
.way{display:flex;align-items:center;margin:28px 0;font-size:14px;color:var(--soft)}
.way span{flex:none;padding:5px 12px;border:1px solid var(--line);border-radius:99px}
.way .bad{border-color:var(--bad);background:var(--badbg);color:var(--bad);font-weight:600}
.way i{flex:1;min-width:10px;border-top:2px solid var(--line)}
.way .cut{border-top:2px dashed var(--bad)}
dl{display:grid;grid-template-columns:auto 1fr;gap:8px 18px;margin:0;padding-top:20px;border-top:1px solid var(--line);font-size:15px}
dt{color:var(--soft)}dd{margin:0}
dd code{font:13px ui-monospace,SFMono-Regular,Menlo,monospace;color:var(--soft)}
@media(max-width:480px){main{padding:22px}.way span{padding:4px 8px;font-size:12px}}
</style>
<main>
<p class=code>{status} · {code}</p>
<h1>{text}</h1>
{detail}
<div class=way>{way}</div>
<dl>
<dt>What to do</dt><dd>{remedy}</dd>
<dt>Who can</dt><dd>{who}</dd>
<dt>Request</dt><dd><code>{id}</code></dd>
</dl>
</main>
</html>
`
