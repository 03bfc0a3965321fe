import type { Logger } from 'pino';
import { assertForwardSecret } from '../tickets/dingtalk/forward-click.ts';
import { makeBringClick } from '../tickets/dingtalk/bring-click.ts';
import { startDingTalkStream } from '../tickets/dingtalk/stream.ts';
import type { Integrations } from '../tickets/integrations.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './secret-file.ts';
import { dingTalkCards } from './sinks.ts';
import { wayOut } from './way-out.ts';

/**
 * The connections by which DingTalk pushes clicks on cards: for each app of the integrations whose clicks are forwarded
 * (`inboundSecretFiles`). The API at COUNTERSIGN_URL decides what a click counts.
 *
 * @returns ends them
 * @throws CountersignError `invalid_configuration`
 */
export async function startDingTalkStreams(
  env: Environment,
  log: Logger,
  { systems }: Integrations,
): Promise<{ stop(): Promise<void> }> {
  const { fetch, agentFor } = wayOut(env);
  const streams: ReturnType<typeof startDingTalkStream>[] = [];
  for (const [system, settings] of Object.entries(systems)) {
    if (settings.kind !== 'dingtalk' || settings.app === undefined) continue;
    if (settings.inboundSecretFiles.length === 0) continue;
    const { app } = settings;
    const secrets = await Promise.all(settings.inboundSecretFiles.map((file) => readSecret(file)));
    for (const secret of secrets) assertForwardSecret(secret);
    const clientSecret = await readSecret(app.clientSecretFile);
    const cards = dingTalkCards(app, clientSecret, fetch);
    const url = `${required(env, 'COUNTERSIGN_URL').replace(/\/+$/, '')}/v1/inbound/${system}`;
    const agent = agentFor(new URL(app.url));
    streams.push(
      startDingTalkStream({
        ...{ url: app.url, clientId: app.clientId, clientSecret, fetch, corpId: app.corpId },
        ...(agent === undefined ? {} : { agent }),
        onClick: makeBringClick({ url, system, secrets, fetch, now: Date.now }),
        tell: (card, user, notice) => cards.tell(card, user, notice, AbortSignal.timeout(10_000)),
        onNoClick: (why) => log.warn({ system, why }, 'a push of DingTalk is no click that counts'),
        report: (event) => log[event.kind === 'failed' ? 'warn' : 'info']({ system, ...event }, 'stream'),
      }),
    );
  }
  return {
    async stop() {
      await Promise.all(streams.map((stream) => stream.close()));
    },
  };
}
