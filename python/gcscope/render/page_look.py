"""How a page looks, and the few lines that filter and sort it."""

from __future__ import annotations

# The colours of pictures (gcscope.render.dot), and what takes their place where the page is dark.
DARK = {
    "#1a1a1a": "#e8e8e8",
    "#595959": "#b5b5b5",
    "#8c8c8c": "#8c8c8c",
    "#0072b2": "#6cb8ee",
    "#b84300": "#ff9a66",
    "#8f2d6b": "#e79ccb",
    "white": "#171717",
    "#e8f2fa": "#10293b",
    "#f5f5f5": "#262626",
    "#fbeaf4": "#33142a",
}

_LAYOUT = """
:root {
  color-scheme: light dark;
  --paper: #fff; --text: #1a1a1a; --faint: #595959; --line: #c8c8c8; --card: #f5f5f5;
  --mark: #0063a0; --cut: #b84300; --bar: #7ab8de; --cell: #e8f2fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #171717; --text: #e8e8e8; --faint: #b5b5b5; --line: #4f4f4f; --card: #222;
    --mark: #6cb8ee; --cut: #ff9a66; --bar: #2f6f98; --cell: #10293b;
  }
DARK_PICTURES
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { scroll-padding-top: 5rem; }
body {
  margin: 0 auto; padding: 0 1rem 4rem; max-width: 80rem;
  background: var(--paper); color: var(--text); font: 1rem/1.5 system-ui, sans-serif;
}
h1 { margin: 1.5rem 0 0.5rem; font-size: 1.5rem; overflow-wrap: anywhere; }
h2 { margin: 2.5rem 0 0.5rem; font-size: 1.25rem; overflow-wrap: anywhere; }
p { margin: 0.35rem 0; max-width: 60rem; overflow-wrap: anywhere; }
code, pre { font: 0.9em/1.5 ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { overflow-wrap: anywhere; white-space: break-spaces; unicode-bidi: isolate; }
pre { overflow-x: auto; margin: 0.5rem 0; padding: 0.75rem; background: var(--card); }
a { display: inline-block; min-height: 1.5rem; color: var(--mark); }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; margin: 0; }
dt, .about, .where { color: var(--faint); }
dd { grid-column: 2; margin: 0; overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 1.5rem; margin: 0.75rem 0 0; padding: 0; }
nav li { list-style: none; }
#controls {
  position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; align-items: center;
  gap: 0.25rem 1rem; margin: 0.75rem 0 0; padding: 0.5rem 0;
  border-bottom: 1px solid var(--line); background: var(--paper);
}
@media (max-width: 40rem) { #controls { position: static; } }
input, select {
  font: inherit; color: inherit; background: var(--paper);
  border: 1px solid var(--faint); border-radius: 4px; padding: 0.15rem 0.4rem;
}
input { width: 16rem; max-width: 60vw; }
.list { margin: 0.75rem 0; padding: 0; list-style: none; border-top: 1px solid var(--line); }
.list > li { /* block: a list item that is hidden would have all below it numbered anew */
  display: block; padding: 0.4rem 0; border-bottom: 1px solid var(--line);
  content-visibility: auto; contain-intrinsic-size: auto 4.5rem;
}
summary { cursor: pointer; padding: 0.2rem 0; min-height: 1.5rem; }
summary > code, .growers > li > code { display: block; }
.bar { display: block; width: 9rem; height: 5px; margin: 0.1rem 0 0.25rem; fill: var(--bar); }
.census .bar { width: 5rem; }
.form { display: flex; flex-wrap: wrap; gap: 0 2rem; padding: 0.25rem 0 0.75rem; }
.words { flex: 1 1 24rem; min-width: 0; }
.picture { flex: 0 1 auto; max-width: 100%; overflow-x: auto; }
.picture svg { display: block; }
.said { font-weight: bold; }
.ring { position: relative; margin: 0.75rem 0; padding: 0 0 0 2rem; list-style: none; }
.ring::before {
  content: ""; position: absolute; top: 0.75rem; bottom: 0.75rem; left: 0.25rem; width: 1rem;
  border: solid var(--mark); border-width: 2px 0 2px 2px; border-radius: 8px 0 0 8px;
}
.ring::after {
  position: absolute; top: 0; left: 1.1rem; color: var(--mark); content: "▸"; content: "▸" / "";
}
.ring > li > div { padding-left: 1.5rem; }
.ring > li > div > span::before { color: var(--faint); content: "↓ "; content: "↓ " / ""; }
.ring .gap, .ring .back { color: var(--faint); }
.cut > code { border-bottom: 3px dashed var(--cut); }
.cut + b { color: var(--cut); }
table { border-collapse: collapse; margin: 0.5rem 0; }
section > table { width: 100%; }
th, td { padding: 0.2rem 0.75rem 0.2rem 0; text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: normal; border-bottom: 1px solid var(--line); }
td:not(:last-child) { white-space: nowrap; font-variant-numeric: tabular-nums; }
.census td:last-child { width: 100%; }
.icicle { display: block; margin: 0.75rem 0; }
.icicle rect { fill: var(--cell); stroke: var(--paper); stroke-width: 2px; }
.icicle text { fill: var(--text); font-size: 0.85rem; }
@media print { #controls { display: none; } }
"""

_DARK_PICTURES = "\n".join(
    f'  .picture [{use}="{light}"] {{ {use}: {dark}; }}'
    for light, dark in DARK.items()
    for use in ("fill", "stroke")
)
STYLE = _LAYOUT.replace("DARK_PICTURES", _DARK_PICTURES)

SCRIPT = """
'use strict';
const [filter, order, told] = ['filter', 'order', 'told'].map(id => document.getElementById(id));
const lists = [...document.querySelectorAll('[data-list]')];
const names = new Map();
const namesOf = item => {
  if (!names.has(item)) {
    const found = [...item.querySelectorAll('code')].map(name => name.textContent);
    names.set(item, found.join('\\n').toLowerCase());
  }
  return names.get(item);
};
const show = () => {
  const wanted = filter.value.trim().toLowerCase();
  const items = lists.flatMap(list => [...list.children]);
  for (const item of items) item.hidden = !namesOf(item).includes(wanted);
  const seen = items.filter(item => !item.hidden).length;
  const [some, all] = [seen, items.length].map(count => count.toLocaleString('en'));
  told.textContent = wanted ? `${some} of ${all} have that in a name` : '';
};
const sort = () => {
  const figure = item => Number(item.dataset[order.value]);
  for (const list of lists)
    list.append(...[...list.children].sort((one, other) => figure(other) - figure(one)));
};
const unfold = () => {
  const meant = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (meant instanceof HTMLDetailsElement) meant.open = true;
};
const controls = document.getElementById('controls');
controls.hidden = false;
controls.addEventListener('submit', event => event.preventDefault());
filter.addEventListener('input', show);
order.addEventListener('change', sort);
addEventListener('hashchange', unfold);
unfold();
"""
