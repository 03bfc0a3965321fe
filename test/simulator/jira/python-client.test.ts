import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { localJira, person } from '../../tickets/jira/local-jira.ts';
import { missingForPython, pipFolder } from '../../support/python.ts';

const run = promisify(execFile);
const installMs = 540_000;

const missing = await missingForPython();
if (missing !== null) console.warn(`Jira's Python client is not tried: ${missing}.`);
let folder = '';
beforeAll(async () => {
  if (missing === null) folder = await pipFolder('jira-3.10.5', 'jira==3.10.5');
}, installMs + 30_000);

const script = `
import json, sys
from jira import JIRA, JIRAError

given = json.load(sys.stdin)
login = {'token_auth': given['token']} if given['email'] is None else {'basic_auth': (given['email'], given['token'])}
jira = JIRA(server=given['url'], max_retries=0, **login)
out = {'version': jira.server_info()['deploymentType'], 'me': jira.myself()['displayName']}
issue = jira.create_issue(project='OPS', summary='By python', description='one\\ntwo', issuetype={'name': 'Change'},
                          labels=['by-python'])
out['created'] = [issue.key, issue.fields.status.name, issue.fields.creator.displayName]
out['transitions'] = [t['name'] for t in jira.transitions(issue)]
jira.transition_issue(issue, 'Start')
jira.add_comment(issue, 'a comment')
jira.add_simple_link(issue, {'url': 'https://countersign.example/1', 'title': 'one'})
jira.transition_issue(issue, 'Finish', resolution={'name': 'Done'})
issue = jira.issue(issue.key, expand='changelog')
out['ended'] = [issue.fields.status.name, issue.fields.status.statusCategory.key, issue.fields.resolution.name]
out['changelog'] = [[i.fromString, i.toString] for h in issue.changelog.histories for i in h.items]
out['comments'] = [c.body for c in jira.comments(issue)]
out['links'] = [l.object.title for l in jira.remote_links(issue)]
out['found'] = [i.key for i in jira.search_issues('labels = by-python AND creator = currentUser() ORDER BY created')]
out['rights'] = jira.my_permissions(projectKey='OPS')['permissions']['CREATE_ISSUES']['havePermission']
out['fields'] = [f['name'] for f in jira.fields() if f['custom']]
for name, work in {'gone': lambda: jira.issue('OPS-99'),
                   'illegal': lambda: jira.transition_issue(issue, '5'),
                   'nameless': lambda: jira.create_issue(project='OPS', issuetype={'name': 'Change'}, summary='')}.items():
    try:
        work()
    except JIRAError as error:
        out[name] = error.status_code
print(json.dumps(out))
`;

test.skipIf(missing !== null).each([
  ['cloud', person.email, 'Cloud'],
  ['data_center', null, 'Server'],
] as const)(
  '%s: the Python client makes, moves, comments on, links and finds issues',
  async (deployment, email, version) => {
    const jira = await localJira(deployment);
    try {
      const python = run('python3', ['-c', script], {
        env: { ...process.env, PYTHONPATH: folder },
        timeout: 120_000,
      });
      python.child.stdin?.end(JSON.stringify({ url: jira.endpoint.url, email, token: person.token }));
      expect(JSON.parse((await python).stdout)).toEqual({
        version,
        me: 'Pat',
        created: ['OPS-1', 'Open', 'Pat'],
        transitions: ['Start', 'Cancel'],
        ended: ['Done', 'done', 'Done'],
        changelog: [
          ['Open', 'In Progress'],
          ['In Progress', 'Done'],
        ],
        comments: ['a comment'],
        links: ['one'],
        found: ['OPS-1'],
        rights: true,
        fields: ['Planned start', 'Planned end', 'Certificate'],
        gone: 404,
        illegal: 400,
        nameless: 400,
      });
    } finally {
      await jira.stop();
    }
  },
  150_000,
);
