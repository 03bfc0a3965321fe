import { Html } from './html.ts';

/** The style sheet of `report.html`. */
export const reportStyle = new Html(`
:root { color-scheme: light; --ink: #1b2430; --soft: #5a6675; --line: #d5dbe3; --good: #1f7a4d; --bad: #b3372f; --mark: #35507a; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.5rem 4rem; max-width: 68rem; font: 15px/1.55 system-ui, "Segoe UI", Roboto, sans-serif; color: var(--ink); background: #fff; }
h1 { margin: 0 0 1rem; font-size: 1.7rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 2.4rem 0 .8rem; padding-bottom: .3rem; border-bottom: 2px solid var(--line); font-size: 1.15rem; overflow-wrap: anywhere; }
h3 { margin: 0; font-size: 1rem; }
h3 span { font-weight: 400; color: var(--soft); font-size: .87rem; margin-left: .4rem; }
code { font: .87em ui-monospace, "SFMono-Regular", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.kind { margin: 0 0 .3rem; color: var(--soft); letter-spacing: .04em; font-size: .87rem; }
.note { color: var(--soft); }
dl { margin: .4rem 0 0; }
dl > div { display: grid; grid-template-columns: 9.5rem 1fr; gap: .8rem; padding: .1rem 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; white-space: pre-wrap; }
.steps { list-style: none; margin: 0; padding: 0; }
.steps > li { border-left: 4px solid var(--mark); padding: .1rem 0 .1rem 1rem; margin: 0 0 1.1rem; break-inside: avoid; }
.steps > li.good { border-color: var(--good); }
.steps > li.bad { border-color: var(--bad); }
.steps p { margin: .1rem 0 0; }
table { border-collapse: collapse; width: 100%; font-size: .87rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 600; }
th, td:nth-child(-n + 3) { white-space: nowrap; }
td:nth-child(-n + 2) { font-variant-numeric: tabular-nums; }
.counts { width: auto; }
.counts td:last-child { text-align: right; }
tr { break-inside: avoid; }
thead { display: table-header-group; }
@page { margin: 16mm 14mm; }
@media print { body { padding: 0; max-width: none; font-size: 10.5pt; } h2 { break-after: avoid; } table { font-size: 8.5pt; } .change { break-before: auto; } }
@media (max-width: 40rem) { dl > div { grid-template-columns: 1fr; gap: 0; } }
`);
