import { z } from 'zod';
import { defineOperation } from '../../plugin/operation.ts';

/** An operation of a host, with an output. */
export const revokeBadge = defineOperation({
  name: 'RevokeBadge',
  version: '1',
  title: 'Revoke a badge',
  service: 'badges',
  input: z.strictObject({ badge: z.string().min(1).max(40) }),
  output: z.strictObject({ receipt: z.string() }),
  scope: ['badge'],
  target: ({ badge }) => ({ id: `badges/${badge}`, scope: { badge }, label: `badge ${badge}` }),
  refusal: (snapshot: { holder: string; state: string } | null) =>
    snapshot === null ? { code: 'target_not_found', message: 'there is no such badge' } : null,
  achieved: (snapshot) => snapshot?.state === 'revoked',
  identity: ({ holder }) => ({ holder }),
  present: ({ holder, state }) => [
    { label: 'holder', value: holder },
    { label: 'state', value: state },
  ],
});
