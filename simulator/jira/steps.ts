import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { seen, textIn, whole } from './issues.ts';
import { renderStatus } from './render.ts';
import { bodyOf, jiraError, memberOf, noContent, noIssue, parameter } from './respond.ts';
import type { Asked } from './respond.ts';
import { has, keep, newId, workflowOf } from './state.ts';
import type { Issue } from './state.ts';
import { resolutions } from './workflow.ts';
import type { Transition } from './workflow.ts';

/** The steps that an issue and an account have now. */
function openSteps({ state, user }: Asked, issue: Issue): Transition[] {
  if (!has(user, 'TRANSITION_ISSUES', issue.project)) return [];
  const { transitions } = workflowOf(state, issue.project);
  return transitions.filter(({ from }) => from === null || from.includes(issue.status));
}

function resolutionField(need: 'optional' | 'required') {
  return {
    resolution: {
      required: need === 'required',
      schema: { type: 'resolution', system: 'resolution' },
      name: 'Resolution',
      key: 'resolution',
      operations: ['set'],
      allowedValues: resolutions.map((name, i) => ({ id: String(i + 1), name })),
    },
  };
}

/** `GET issue/{id}/transitions` */
export function getTransitions(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const withFields = (parameter(asked.incoming, 'expand') ?? '').includes('transitions.fields');
  const { statuses } = workflowOf(asked.state, issue.project);
  const transitions = openSteps(asked, issue).map(({ id, name, from, to, resolution }) => {
    const status = statuses.find((one) => one.name === to) ?? statuses[0];
    return {
      id,
      name,
      to: renderStatus(status, asked.base),
      hasScreen: resolution !== undefined,
      isGlobal: from === null,
      isInitial: false,
      isAvailable: true,
      isConditional: false,
      isLooped: false,
      ...(withFields ? { fields: resolution === undefined ? {} : resolutionField(resolution) } : {}),
    };
  });
  return jsonAnswer({ expand: 'transitions', transitions });
}

/** `POST issue/{id}/transitions` */
export function doTransition(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const body = bodyOf(asked.incoming);
  const step = openSteps(asked, issue).find(({ id }) => id === memberOf(body?.['transition'], 'id'));
  if (step === undefined) {
    return jiraError(400, ['It seems that you have tried to perform an illegal workflow operation.']);
  }
  const given = memberOf(memberOf(body?.['fields'], 'resolution'), 'name');
  const resolution = resolutions.find((name) => name === given) ?? null;
  if (given !== undefined && (step.resolution === undefined || resolution === null)) {
    const message = "Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown.";
    return jiraError(400, [], { resolution: message });
  }
  if (step.resolution === 'required' && resolution === null) {
    return jiraError(400, [], { resolution: 'Resolution is required.' });
  }
  const comments = memberOf(body?.['update'], 'comment');
  const [added] = Array.isArray(comments) ? (comments as unknown[]) : [];
  const text = textIn(asked, memberOf(memberOf(added, 'add'), 'body'));
  if (asked.dryRun) return noContent();
  take(asked, issue, step.to, resolution);
  if (text !== null) {
    const { state, user } = asked;
    const comment = { id: newId(state), author: user.accountId, text, created: Date.now(), properties: [] };
    issue.comments = [...issue.comments, comment];
  }
  return noContent();
}

function take(asked: Asked, issue: Issue, to: string, resolution: string | null): void {
  const { state, user } = asked;
  const items = [{ field: 'status', from: issue.status, to }];
  issue.status = to;
  const isDone = workflowOf(state, issue.project).statuses.some(
    (s) => s.name === to && s.category === 'done',
  );
  issue.resolution = isDone ? (resolution ?? issue.resolution) : null;
  const id = newId(state);
  issue.histories = [...issue.histories, { id, author: user.accountId, created: Date.now(), items }];
  keep(state, issue);
  const changelog = { id, items: items.map((one) => ({ ...one, fromString: one.from, toString: one.to })) };
  asked.tell({
    name: 'jira:issue_updated',
    members: { issue_event_type_name: 'issue_generic', issue: whole(asked, issue), changelog },
  });
}
