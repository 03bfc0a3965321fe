import type { Logger } from 'pino';
import { startDingTalkClicks } from '../tickets/dingtalk/open.ts';
import type { Integrations } from '../tickets/integrations.ts';
import { required } from './environment.ts';
import type { Environment } from './environment.ts';
import { readSecret } from './secret-file.ts';
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
  const streams: { close(): Promise<void> }[] = [];
  for (const [system, settings] of Object.entries(systems)) {
    if (settings.kind !== 'dingtalk' || settings.app === undefined) continue;
    if (settings.inboundSecretFiles.length === 0) continue;
    const agent = agentFor(new URL(settings.app.url));
    const stream = await startDingTalkClicks(system, settings, {
      // Our own API is no matter of the proxy, which would read who decides what.
      ...{ fetch, secret: readSecret, now: Date.now, apiFetch: globalThis.fetch },
      ...(agent === undefined ? {} : { agent }),
      inboundUrl: `${required(env, 'COUNTERSIGN_URL').replace(/\/+$/, '')}/v1/inbound/${system}`,
      onNoClick: (why) => log.warn({ system, why }, 'a push of DingTalk is no click that counts'),
      report: (event) => log[event.kind === 'failed' ? 'warn' : 'info']({ system, ...event }, 'stream'),
    });
    if (stream !== null) streams.push(stream);
  }
  return {
    async stop() {
      await Promise.all(streams.map((stream) => stream.close()));
    },
  };
}
