import type { Answer } from '../answer.ts';
import type { Incoming } from '../incoming.ts';
import { problemAnswer } from '../problem.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { issueOf, keep, newId, workflowOf } from './state.ts';
import type { CustomField, Issue, JiraControls, JiraProject, JiraState, JiraUser } from './state.ts';
import type { Webhooks } from './webhooks.ts';

/** An issue as `PUT /_sim/issues` takes it: of one that is there only what is given changes. */
type GivenIssue = Partial<Omit<Issue, 'created' | 'updated'>> & Pick<Issue, 'key'>;

function put(state: JiraState, { key, ...given }: GivenIssue): Issue {
  const [project = key] = key.split('-');
  const now = Date.now();
  const before = issueOf(state, key);
  const issue: Issue = {
    id: newId(state),
    key,
    project,
    type: 'Task',
    summary: key,
    description: '',
    labels: [],
    status: workflowOf(state, project).statuses[0].name,
    resolution: null,
    creator: state.users[0]?.accountId ?? 'nobody',
    custom: {},
    properties: [],
    comments: [],
    remoteLinks: [],
    histories: [],
    approvals: [],
    created: now,
    updated: now,
    ...before,
    ...given,
  };
  keep(state, issue, now);
  return issue;
}

/** Whoever steers it is a test, or a person on this machine: what they send is taken as it is. */
function read(incoming: Incoming, use: (value: unknown) => Answer): Answer {
  let value: unknown;
  try {
    value = JSON.parse(incoming.body.toString('utf8'));
  } catch {
    return problemAnswer(400, 'The body is not JSON.');
  }
  return use(value);
}

/** What can be set and seen of a local Jira, beside what every endpoint has; see docs/jira.md. */
export function jiraControl(
  state: JiraState,
  webhooks: Webhooks,
): Readonly<Record<string, (incoming: Incoming) => Answer>> {
  const issues = () => jsonAnswer({ issues: [...state.issues.values()] });
  return {
    'GET /_sim/issues': issues,
    'PUT /_sim/issues': (incoming) =>
      read(incoming, (given) => {
        const list = [given as GivenIssue | GivenIssue[]].flat();
        if (list.some((one) => typeof one.key !== 'string' || !/^[A-Z]\w*-\d+$/.test(one.key))) {
          return problemAnswer(422, 'Expected issues with a key such as OPS-1.');
        }
        list.forEach((one) => put(state, one));
        return issues();
      }),
    'DELETE /_sim/issues': () => {
      state.issues.clear();
      state.indexed.clear();
      return issues();
    },
    'PUT /_sim/users': (incoming) =>
      read(incoming, (users) => {
        state.users = users as JiraUser[];
        return jsonAnswer({ users: state.users.length });
      }),
    'PUT /_sim/projects': (incoming) =>
      read(incoming, (projects) => {
        state.projects = projects as JiraProject[];
        return jsonAnswer({ projects });
      }),
    'PUT /_sim/fields': (incoming) =>
      read(incoming, (fields) => {
        state.fields = fields as CustomField[];
        return jsonAnswer({ fields });
      }),
    'PUT /_sim/settings': (incoming) =>
      read(incoming, (controls) => {
        Object.assign(state.controls, controls as Partial<JiraControls>);
        return jsonAnswer(state.controls);
      }),
    'GET /_sim/webhooks': () => jsonAnswer({ webhooks: webhooks.sent }),
  };
}
