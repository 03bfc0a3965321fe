import type { PinnedPolicy } from '../../domain/policy.ts';

/** The members of an object, or of each object of a list; of `each`: of every member's value. */
type Shape = true | { readonly [member: string]: Shape } | { readonly each: Shape };

const person = { issuer: true, subject: true } as const;

/** The members of a pinned policy whose rules the verifier judges by. */
const policyShape = {
  ...{ name: true, version: true, digest: true, commentRequired: true, precheck: true, standard: true },
  ...{ decideWithinMs: true, executeWithinMs: true, remindersMs: true },
  stages: { name: true, groups: { group: true, threshold: true } },
  reject: { kind: true, count: true },
  escalation: { afterMs: true, group: true },
  delegations: { from: person, to: person, since: true, until: true },
  windows: { cron: true, durationMinutes: true, timeZone: true, holidays: true },
  freezeOverride: { group: true },
  breakGlass: { groups: true, approvals: true, reasons: true },
  authentication: { methods: true, maxAgeSeconds: true },
  ticket: {
    ...{ system: true, required: true, projects: true, types: true, states: true, approved: true },
    sameTarget: { field: true, member: true },
    window: { start: true, end: true },
  },
  channels: { name: true, mode: true },
  groups: { each: { source: true, members: person } },
} as const satisfies { readonly [K in keyof PinnedPolicy]-?: Shape };

/**
 * The members of a pinned policy that the verifier does not know, by their paths: what they ask for was not judged. A policy of a
 * newer release may have such.
 *
 * @param most - of so many the paths are told
 */
export function unknownMembers(policy: object, most: number): string[] {
  const found = new Set<string>();
  gather(policy, policyShape, '', (path) => {
    if (found.size < most) found.add(path);
  });
  return [...found];
}

function gather(value: unknown, shape: Shape, path: string, add: (path: string) => void): void {
  if (shape === true || typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const one of value) gather(one, shape, path, add);
    return;
  }
  for (const [member, inner] of Object.entries(value)) {
    const here = path === '' ? member : `${path}.${member}`;
    if ('each' in shape) gather(inner, shape.each, `${path}.*`, add);
    else if (!Object.hasOwn(shape, member)) add(here);
    else gather(inner, (shape as Readonly<Record<string, Shape>>)[member] as Shape, here, add);
  }
}

/** What a pinned policy contradicts itself in, so that no file comes to it; null where nothing does. */
export function policyFault({ standard, stages }: PinnedPolicy): string | null {
  if (typeof standard !== 'boolean') return 'its member standard is neither true nor false';
  if (standard && stages.length > 0) return 'it is standard, so that nobody is asked, and has stages';
  if (!standard && stages.length === 0) return 'it is not standard, and has no stages';
  const isAsked = stages.every(
    ({ groups }) => groups.length > 0 && groups.every(({ threshold }) => threshold >= 1),
  );
  return isAsked ? null : 'a stage of it asks nobody';
}
