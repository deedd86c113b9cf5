// A page that stands alone: no script or style from elsewhere, light and dark.

/** Text for HTML: the five special characters are escaped. */
export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; --fg: #1b1f24; --bg: #fff; --soft: #f3f5f7; --line: #d8dde3; --dim: #5c6670; --yes: #1a7f37; --no: #b42318;
  --part: #9a6700; --other: #6f42c1; --yesbg: #e3f6e8; --nobg: #fdeceb; --partbg: #fff4d6; }
@media (prefers-color-scheme: dark) { :root { --fg: #e4e8ec; --bg: #14181c; --soft: #1e242a; --line: #343c45; --dim: #98a2ad; --yes: #57c776;
  --no: #ff8a80; --part: #e3b341; --other: #b793f5; --yesbg: #16301e; --nobg: #381c1b; --partbg: #332a10; } }
* { box-sizing: border-box }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--fg); background: var(--bg) }
main { max-width: 78rem; margin: 0 auto; padding: 1.5rem 1.25rem 4rem }
h1 { font-size: 1.35rem; margin: 0 0 .25rem; overflow-wrap: anywhere } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
p.about { color: var(--dim); margin: 0 0 1rem }
code, pre, td.mono { font: 13px/1.5 ui-monospace, monospace }
input[type=search] { font: inherit; padding: .35rem .6rem; width: 20rem; max-width: 100%; border: 1px solid var(--line); border-radius: 6px;
  background: var(--bg); color: inherit }
.chips { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin: 0 0 1rem }
.chips button { font: inherit; font-size: 13px; border: 1px solid var(--line); background: var(--soft); color: inherit; border-radius: 99px;
  padding: .15rem .7rem; cursor: pointer } .chips button[aria-pressed=true] { outline: 2px solid var(--fg) }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px }
/* A box that scrolls would keep the head of its table inside. */
@media (min-width: 48rem) { .scroll { overflow: visible } }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; vertical-align: top; padding: .3rem .7rem; border-top: 1px solid var(--line) }
thead th { border-top: 0; background: var(--soft); position: sticky; top: 0; font-size: 13px }
tbody th { font: 600 13px/1.5 ui-monospace, monospace; white-space: nowrap }
.v { font: 13px/1.5 ui-monospace, monospace } .yes { color: var(--yes) } .no { color: var(--no) } .part { color: var(--part) } .other { color: var(--other) }
.none { color: var(--dim) } .when { color: var(--dim); font-size: 12px; display: block }
.bars { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .8rem; margin: 1rem 0 }
.bar { border: 1px solid var(--line); border-radius: 8px; padding: .6rem .8rem } .bar b { font-size: 1.15rem } .bar small { color: var(--dim); display: block }
.bar div { height: 6px; background: var(--line); border-radius: 3px; margin-top: .4rem; overflow: hidden } .bar div i { display: block; height: 100%; background: var(--yes) }
.src { border: 1px solid var(--line); border-radius: 8px; overflow-x: auto } .src div { display: grid; min-width: max-content; grid-template-columns: 3.5rem 4.5rem 1fr; white-space: pre;
  font: 13px/1.5 ui-monospace, monospace } .src div > span { padding: 0 .6rem; text-align: right; color: var(--dim) } .src div > code { padding-right: 1rem }
.src .hit { background: var(--yesbg) } .src .miss { background: var(--nobg) } .src .half { background: var(--partbg) }
`;

/** `body` is HTML, `title` text. */
export const page = (title: string, body: string, script = ""): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
${body}
</main>
${script ? `<script>${script}</script>\n` : ""}</body>
</html>
`;
