import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startDingTalk } from '../../../simulator/dingtalk/server.ts';
import { demoApp } from '../../../simulator/dingtalk/settings.ts';
import type { RestEndpoint } from '../../../simulator/rest-endpoint.ts';
import { missingForPython, pipFolder } from '../../support/python.ts';
import { DingTalkControl } from './control.ts';

const missing = await missingForPython();
if (missing !== null) console.warn(`DingTalk's Python client is not tried: ${missing}.`);

/** The vendor's SDK, which shows and changes a card of its own and answers clicks until it is stopped. */
const script = `
import json, os, sys
import dingtalk_stream
from dingtalk_stream import AckMessage

class Clicks(dingtalk_stream.CallbackHandler):
    async def process(self, callback):
        click = dingtalk_stream.card_callback.CardCallbackMessage.from_dict(callback.data)
        print(json.dumps({'user': click.user_id, 'corp': click.corp_id, 'card': click.card_instance_id,
                          'params': click.content['cardPrivateData']['params']}), flush=True)
        return AckMessage.STATUS_OK, {'userPrivateData': {'cardParamMap': {'notice': 'heard'}}}

client = dingtalk_stream.DingTalkStreamClient(
    dingtalk_stream.Credential(os.environ['CLIENT_ID'], os.environ['CLIENT_SECRET']))
client.register_callback_handler(dingtalk_stream.CallbackHandler.TOPIC_CARD_CALLBACK, Clicks())
message = dingtalk_stream.ChatbotMessage()
message.conversation_type, message.conversation_id = '2', 'cid-python'
message.hosting_context = None
replier = dingtalk_stream.CardReplier(client, message)
card = replier.create_and_deliver_card('template', {'title': 'one', 'canReject': 'true', 'digest': 'd'})
replier.put_card_data(card, {'title': 'two'}, cardUpdateOptions={'updateCardDataByKey': True})
print(json.dumps({'created': card}), flush=True)
client.start_forever()
`;

let dingTalk: RestEndpoint;
let control: DingTalkControl;
let python: ChildProcess | null = null;
const lines: Record<string, unknown>[] = [];

beforeAll(async () => {
  if (missing !== null) return;
  const folder = await pipFolder('dingtalk-stream-0.24.3', 'dingtalk-stream==0.24.3');
  dingTalk = await startDingTalk();
  control = new DingTalkControl(dingTalk.url);
  python = spawn('python3', ['-c', script], {
    env: {
      ...process.env,
      PYTHONPATH: folder,
      DINGTALK_OPENAPI_ENDPOINT: dingTalk.url,
      CLIENT_ID: demoApp.clientId,
      CLIENT_SECRET: demoApp.clientSecret,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (python.stdout === null) throw new Error('no output');
  createInterface(python.stdout).on('line', (line) => {
    if (line.startsWith('{')) lines.push(JSON.parse(line) as Record<string, unknown>);
  });
}, 600_000);

afterAll(async () => {
  if (missing !== null) return;
  python?.kill('SIGKILL');
  await dingTalk.close();
});

test.skipIf(missing !== null)(
  "DingTalk's own client connects to the local one, shows a card, and answers a click and a ping",
  async () => {
    await vi.waitUntil(async () => (await control.connections()) === 1, { timeout: 60_000 });
    const [card] = await control.cards();
    expect(card).toMatchObject({
      openSpaceId: 'dtv1.card//IM_GROUP.cid-python',
      parameters: { title: 'two', digest: 'd' },
      shown: 1,
    });
    const outTrackId = card?.outTrackId ?? '';
    const answer = await control.click({ outTrackId, userId: 'bob', action: 'reject', comment: 'no' });
    expect(answer).toEqual({ answered: true, code: 200, notice: 'heard' });
    expect(lines).toEqual([
      { created: outTrackId },
      {
        user: 'bob',
        corp: demoApp.corpId,
        card: outTrackId,
        params: { action: 'reject', comment: 'no', changeId: '', round: '', digest: 'd' },
      },
    ]);
    expect(await control.ping()).toMatchObject([
      { code: 200, data: expect.stringContaining('opaque') as string },
    ]);
  },
  120_000,
);

test.skipIf(missing !== null)(
  'it comes back when it is told to leave',
  async () => {
    await control.disconnect(100);
    await vi.waitUntil(async () => (await control.calls('/connections/open')).length === 2, {
      timeout: 60_000,
    });
    await vi.waitUntil(async () => (await control.connections()) === 1, { timeout: 60_000 });
  },
  120_000,
);
