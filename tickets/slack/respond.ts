import { RemoteError, faultOfStatus } from '../remote-error.ts';
import { slackText } from './slack-text.ts';

/**
 * Whether a press may be answered at an address: it is at the host that Slack has for that (`hooks.` before its own), or at
 * the very origin that is configured, as a local endpoint's is. Anything else would send our words, and a request from within
 * our network, wherever somebody likes.
 *
 * @param slackUrl - Slack's address, as the settings have it
 */
export function mayRespondAt(url: string, slackUrl: string): boolean {
  if (!URL.canParse(url)) return false;
  const { protocol, host, origin, username, password } = new URL(url);
  const slack = new URL(slackUrl);
  if (username !== '' || password !== '') return false;
  return (protocol === 'https:' && host === `hooks.${slack.host}`) || origin === slack.origin;
}

/** What is told to one person at a press's address: nobody else sees it, and the message stays as it is. */
export function toldBody(text: string): object {
  return { response_type: 'ephemeral', replace_original: false, text: slackText(text, 3000) };
}

/** Where and how a person is told something. */
export interface Telling {
  readonly responseUrl: string;
  /** Slack's address, as the settings have it. */
  readonly slackUrl: string;
  readonly text: string;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

/** Tells a person something at a press's address. @throws RemoteError; `refused` for an address that is not Slack's */
export async function tellPerson({ responseUrl, slackUrl, text, fetch, signal }: Telling): Promise<void> {
  if (!mayRespondAt(responseUrl, slackUrl)) {
    throw new RemoteError('refused', 'the address to answer at is not one of Slack');
  }
  let status: number;
  try {
    const response = await fetch(responseUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(toldBody(text)),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]),
    });
    status = response.status;
    await response.body?.cancel();
  } catch {
    throw new RemoteError('unreachable', 'Slack gave no answer at the address of the press');
  }
  if (status < 200 || status > 299) {
    throw new RemoteError(faultOfStatus(status), `Slack answered with HTTP ${status}`, {
      httpStatus: status,
    });
  }
}
