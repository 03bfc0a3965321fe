import type { Issue, JiraState } from './state.ts';

const style = `body{font:15px/1.4 system-ui,sans-serif;margin:2rem;max-width:60rem}
article{border:1px solid #ccc;border-radius:6px;padding:.6rem 1rem;margin:1rem 0}
h2{font-size:1rem;margin:0}pre{white-space:pre-wrap;background:#f4f5f7;padding:.5rem;margin:.4rem 0}
.status{background:#dfe1e6;border-radius:3px;padding:0 .4rem}small{color:#555}`;

/** A page that shows issues of a local Jira. */
export function jiraPage(state: JiraState, shown: readonly Issue[]): string {
  const issues = shown.map(article).join('');
  const kind = state.deployment === 'cloud' ? 'Cloud' : 'Data Center';
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Local Jira</title><style>${style}</style>
<h1>Local Jira (${kind})</h1><p>${shown.length} of ${state.issues.size} issues. This is a local endpoint, not Atlassian's.</p>${issues}</html>`;
}

function article(issue: Issue): string {
  const resolution = issue.resolution === null ? '' : ` (${escape(issue.resolution)})`;
  const links = issue.remoteLinks.map(({ object }) => `<li>${escape(linkOf(object))}</li>`).join('');
  const comments = issue.comments
    .map(({ author, text }) => `<pre><small>${escape(author)}</small>\n${escape(text)}</pre>`)
    .join('');
  return `<article><h2>${escape(issue.key)} ${escape(issue.summary)}
<span class="status">${escape(issue.status)}${resolution}</span></h2>
<small>${escape(issue.type)}, by ${escape(issue.creator)}, ${escape(issue.labels.join(' '))}</small>
<pre>${escape(issue.description)}</pre><ul>${links}</ul>${comments}</article>`;
}

function linkOf(object: unknown): string {
  const { title, url } = object as { readonly title?: unknown; readonly url?: unknown };
  return `${String(title)}: ${String(url)}`;
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}
