import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { propertiesIn, seen, textIn, whole } from './issues.ts';
import { renderComment } from './render.ts';
import { bodyOf, jiraError, memberOf, noIssue, parameter } from './respond.ts';
import type { Asked } from './respond.ts';
import { has, keep, newId } from './state.ts';

const longestComment = 32_767;

/** `POST issue/{id}/comment` */
export function addComment(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const { state, user, dryRun } = asked;
  if (!has(user, 'ADD_COMMENTS', issue.project)) {
    return jiraError(400, [], { comment: `${user.displayName}, you do not have the permission to comment.` });
  }
  const body = bodyOf(asked.incoming);
  const text = textIn(asked, body?.['body']);
  if (text === null || text === '') return jiraError(400, [], { comment: 'Comment body can not be empty!' });
  if (text.length > longestComment) return jiraError(400, [], { comment: 'The entered text is too long.' });
  const properties = propertiesIn(body?.['properties']);
  const comment = { id: newId(state), author: user.accountId, text, created: Date.now(), properties };
  if (!dryRun) {
    issue.comments = [...issue.comments, comment];
    keep(state, issue);
    const shown = renderComment(asked, issue, comment, false);
    asked.tell({ name: 'comment_created', members: { issue: whole(asked, issue), comment: shown } });
  }
  return jsonAnswer(renderComment(asked, issue, comment, true), 201);
}

/** `GET issue/{id}/comment`, in pages. */
export function listComments(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const startAt = Number(parameter(asked.incoming, 'startAt') ?? 0);
  const maxResults = Math.min(Number(parameter(asked.incoming, 'maxResults') ?? 100), 100);
  const withProperties = (parameter(asked.incoming, 'expand') ?? '').includes('properties');
  const comments = issue.comments
    .slice(startAt, startAt + maxResults)
    .map((one) => renderComment(asked, issue, one, withProperties));
  return jsonAnswer({ startAt, maxResults, total: issue.comments.length, comments });
}

/** `POST issue/{id}/remotelink`: the one write that a repeat does not double. */
export function putRemoteLink(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const { state, user, dryRun, base, version } = asked;
  if (!has(user, 'LINK_ISSUES', issue.project)) return jiraError(403, ['No permission to link issues.']);
  const body = bodyOf(asked.incoming);
  const object = body?.['object'];
  if (typeof memberOf(object, 'url') !== 'string' || typeof memberOf(object, 'title') !== 'string') {
    return jiraError(400, [], { object: "'url' and 'title' are required." });
  }
  const globalId = typeof body?.['globalId'] === 'string' ? body['globalId'] : `link-${newId(state)}`;
  const before = issue.remoteLinks.find((link) => link.globalId === globalId);
  const id = before?.id ?? Number(newId(state));
  if (!dryRun) {
    const others = issue.remoteLinks.filter((link) => link.globalId !== globalId);
    issue.remoteLinks = [...others, { id, globalId, object }];
  }
  const self = `${base}/rest/api/${version}/issue/${issue.id}/remotelink/${id}`;
  return jsonAnswer({ id, self }, before === undefined ? 201 : 200);
}

/** `GET issue/{id}/remotelink` */
export function listRemoteLinks(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  return issue === undefined ? noIssue() : jsonAnswer(issue.remoteLinks);
}
