import type { Channel } from '../domain/policy.ts';
import type { WrittenPolicy } from './document.ts';
import type { Finding } from './problem.ts';

/** A channel as it is pinned; the file may have its name alone. */
export function channelOf(written: WrittenPolicy['channels'][number]): Channel {
  return typeof written === 'string' ? { name: written, mode: 'decide' } : written;
}

/** A channel that is named twice, and one by which nothing could be decided. */
export function channelFindings({ standard, channels, authentication }: WrittenPolicy): Finding[] {
  const names = channels.map((channel) => channelOf(channel).name);
  const found = names.flatMap((name, i) =>
    names.indexOf(name) === i
      ? []
      : [finding('error', ['channels', i], 'distinct', `${name} is named before`)],
  );
  if (names.length === 0) return found;
  if (standard) {
    const message = 'a standard policy asks nobody, so nobody decides there';
    found.push(finding('warning', ['channels'], 'channel', message));
  }
  const { methods, maxAgeSeconds } = authentication ?? {};
  const isUseless = (name: string) => methods?.includes(`via:${name}`) === false;
  names.forEach((name, i) => {
    if (maxAgeSeconds !== undefined || isUseless(name)) {
      const message = `${name} tells nothing of a login, so authentication refuses every decision there`;
      found.push(finding('warning', ['channels', i], 'channel', message));
    }
  });
  return found;
}

function finding(
  severity: Finding['severity'],
  path: readonly PropertyKey[],
  rule: string,
  message: string,
): Finding {
  return { severity, path, rule, message };
}
