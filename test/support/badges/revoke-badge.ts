import { z } from 'zod';
import { defineOperation } from '../../../operations/define-operation.ts';

type Badge = { readonly badge: string; readonly state: string };

/** An operation whose worker is a host's own, on the task queue `badges`. */
export const revokeBadge = defineOperation({
  name: 'RevokeBadge',
  version: '1',
  title: 'Revoke a badge',
  service: 'badges',
  taskQueue: 'badges',
  input: z.strictObject({ badge: z.string().regex(/^B-\d$/) }),
  scope: ['badge'],
  target: ({ badge }) => ({ id: `badges/${badge}`, scope: { badge }, label: `badge ${badge}` }),
  refusal: () => null,
  achieved: (badge: Badge | null) => badge?.state === 'revoked',
  identity: ({ badge }) => ({ badge }),
  present: ({ state }) => [{ label: 'state', value: state }],
});
