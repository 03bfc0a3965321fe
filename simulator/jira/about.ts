import type { Answer } from '../answer.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import { seen } from './issues.ts';
import { renderUser } from './render.ts';
import { jiraError, noIssue, parameter } from './respond.ts';
import type { Asked } from './respond.ts';
import { has, permissions } from './state.ts';

/** `GET myself` */
export function myself(asked: Asked): Answer {
  const { user } = asked;
  return jsonAnswer({ ...renderUser(asked, user.accountId), emailAddress: user.email, timeZone: 'Etc/UTC' });
}

/** `GET mypermissions` */
export function myPermissions({ state, user, incoming }: Asked): Answer {
  const project = parameter(incoming, 'projectKey');
  const wanted = parameter(incoming, 'permissions')?.split(',') ?? permissions;
  const projects = project === undefined ? state.projects.map(({ key }) => key) : [project];
  const told = permissions
    .filter((name) => wanted.includes(name))
    .map((name, i) => [
      name,
      {
        id: String(i + 10),
        key: name,
        name,
        type: 'PROJECT',
        description: '',
        havePermission: projects.some((key) => has(user, name, key)),
      },
    ]);
  return jsonAnswer({ permissions: Object.fromEntries(told) as unknown });
}

/** `GET project/{key}` */
export function getProject({ state, user, base, version }: Asked, idOrKey: string): Answer {
  const place = state.projects.findIndex(({ key }, i) => key === idOrKey || String(i + 1) === idOrKey);
  const project = state.projects[place];
  if (project === undefined || !has(user, 'BROWSE_PROJECTS', project.key)) {
    return jiraError(404, [`No project could be found with key '${idOrKey}'.`]);
  }
  const { key, name } = project;
  const id = String(place + 1);
  return jsonAnswer({ self: `${base}/rest/api/${version}/project/${id}`, id, key, name });
}

/** `GET serverInfo` */
export function serverInfo({ state, base }: Pick<Asked, 'state' | 'base'>): Answer {
  const isCloud = state.deployment === 'cloud';
  return jsonAnswer({
    baseUrl: base,
    version: isCloud ? '1001.0.0-SNAPSHOT' : '10.3.2',
    versionNumbers: isCloud ? [1001, 0, 0] : [10, 3, 2],
    deploymentType: isCloud ? 'Cloud' : 'Server',
    buildNumber: 100_000,
    serverTime: new Date().toISOString().replace('Z', '+0000'),
    serverTitle: 'Local Jira',
  });
}

const systemFields = ['summary', 'description', 'labels', 'project', 'issuetype', 'status', 'resolution'];

/** `GET field` */
export function listFields({ state }: Asked): Answer {
  const system = systemFields.map((id) => ({ id, key: id, name: id, custom: false }));
  const custom = state.fields.map(({ id, name }) => ({ id, key: id, name, custom: true }));
  return jsonAnswer([...system, ...custom]);
}

/** `GET /rest/servicedeskapi/request/{id}/approval` of Jira Service Management. */
export function listApprovals(asked: Asked, idOrKey: string): Answer {
  const issue = seen(asked, idOrKey);
  if (issue === undefined) return noIssue();
  const values = issue.approvals.map((one) => ({ ...one, canAnswerApproval: false, approvers: [] }));
  return jsonAnswer({ size: values.length, start: 0, limit: 50, isLastPage: true, values });
}
