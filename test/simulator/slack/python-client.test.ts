import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSlack } from '../../../simulator/slack/server.ts';
import type { RunningSlack } from '../../../simulator/slack/server.ts';
import { missingForPython, pipFolder } from '../../support/python.ts';

const run = promisify(execFile);
const INSTALL_MS = 540_000;

const missing = await missingForPython();
if (missing !== null) console.warn(`Slack's Python client is not tried: ${missing}.`);

const SCRIPT = `
import json, sys
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.models.blocks import ActionsBlock, ButtonElement, HeaderBlock, SectionBlock
from slack_sdk.models.metadata import Metadata
from slack_sdk.signature import SignatureVerifier

given = json.load(sys.stdin)
out = {}
if given['task'] == 'post':
    client = WebClient(token=given['token'], base_url=given['url'] + '/api/', retry_handlers=[])
    blocks = [HeaderBlock(text='Approval needed'), SectionBlock(text='A *change*'),
              ActionsBlock(block_id='b', elements=[
                  ButtonElement(text='Approve', action_id='countersign.approve', value='v', style='primary')])]
    metadata = Metadata(event_type='e', event_payload={'a': '1'})
    out['who'] = client.auth_test()['user_id']
    posted = client.chat_postMessage(channel='C0CHANGES', text='hello', blocks=blocks, metadata=metadata)
    out['ts'] = posted['ts']
    client.chat_update(channel='C0CHANGES', ts=posted['ts'], text='edited', blocks=blocks)
    client.chat_postEphemeral(channel='C0CHANGES', user='U0BOB', text='only you')
    history = client.conversations_history(channel='C0CHANGES', include_all_metadata=True, oldest='0', limit=1)
    out['history'] = history['messages']
    for name, ask in {
        'message_not_found': lambda: client.chat_update(channel='C0CHANGES', ts='1.000001', text='x'),
        'channel_not_found': lambda: client.chat_postMessage(channel='C9', text='x'),
        'invalid_auth': lambda: WebClient(token='x', base_url=given['url'] + '/api/').auth_test(),
        'expired_trigger_id': lambda: client.views_open(trigger_id=given['trigger'], view={'type': 'modal'}),
    }.items():
        try:
            ask()
        except SlackApiError as error:
            out[name] = error.response['error']
else:
    verifier = SignatureVerifier(given['secret'])
    out['valid'] = verifier.is_valid_request(given['body'], given['headers'])
    out['changed'] = verifier.is_valid_request(given['body'] + 'x', given['headers'])
    out['other'] = SignatureVerifier('other').is_valid_request(given['body'], given['headers'])
print(json.dumps(out))
`;

let slack: RunningSlack;
let folder = '';
beforeAll(async () => {
  slack = await startSlack({ limits: { triggerMs: -1 } });
  if (missing === null) folder = await pipFolder('slack-sdk-3.47.0', 'slack_sdk==3.47.0');
}, INSTALL_MS + 30_000);
afterAll(() => slack.close());

async function python(given: object): Promise<Record<string, unknown>> {
  const child = run('python3', ['-c', SCRIPT], {
    env: { ...process.env, PYTHONPATH: folder },
    timeout: 120_000,
  });
  child.child.stdin?.end(JSON.stringify(given));
  return JSON.parse((await child).stdout) as Record<string, unknown>;
}

test.skipIf(missing !== null)(
  'Slack’s Python client posts, edits, reads the history and learns of errors',
  async () => {
    slack.workspace.triggers['1.2.x'] = { user: 'U0BOB', at: Date.now(), used: false };
    const { ts, who, history, ...errors } = await python({
      ...{ task: 'post', url: slack.url, token: 'local-slack-token', trigger: '1.2.x' },
    });
    expect(who).toBe('U0COUNTER');
    expect(history).toMatchObject([
      { ts, text: 'edited', bot_id: 'B0COUNTER', metadata: { event_type: 'e', event_payload: { a: '1' } } },
    ]);
    for (const [expected, got] of Object.entries(errors)) expect(got).toBe(expected);
    expect(Object.keys(errors)).toHaveLength(4);
    const [channel] = slack.workspace.channels;
    expect(channel?.messages).toMatchObject([{ edits: 1, text: 'edited' }]);
    expect(channel?.ephemerals).toEqual([{ user: 'U0BOB', text: 'only you' }]);
  },
  150_000,
);

test.skipIf(missing !== null)(
  'Slack’s Python verifier takes what a press is signed with, and nothing else',
  async () => {
    const heard: { body: string; headers: Record<string, unknown> }[] = [];
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        heard.push({ body: Buffer.concat(chunks).toString(), headers: request.headers });
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const control = (method: string, path: string, body: object) =>
      fetch(`${slack.url}/_sim${path}`, { method, body: JSON.stringify(body) });
    try {
      const elements = [
        { type: 'button', action_id: 'a', text: { type: 'plain_text', text: 'Ä&=' }, value: '+ %' },
      ];
      const message = { channel: 'C0CHANGES', text: 'x', blocks: [{ type: 'actions', elements }] };
      await fetch(`${slack.url}/api/chat.postMessage`, {
        method: 'POST',
        headers: { authorization: 'Bearer local-slack-token', 'content-type': 'application/json' },
        body: JSON.stringify(message),
      });
      await control('PUT', '/interactivity', { url });
      await control('POST', '/clicks', { user: 'U0BOB', actionId: 'a' });
      expect(heard).toHaveLength(1);
      const secret = 'local-slack-signing-secret';
      expect(await python({ task: 'verify', secret, ...heard[0] })).toEqual({
        ...{ valid: true, changed: false, other: false },
      });
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  },
  150_000,
);
