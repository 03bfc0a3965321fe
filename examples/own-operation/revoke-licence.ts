import { defineOperation } from 'countersign/operation';
import { z } from 'zod';

/** A licence as the licence service tells of it, and as the approver is shown it. */
type Licence = {
  readonly licence: string;
  readonly holder: string;
  /** `granted` or `revoked`. */
  readonly state: string;
};

/**
 * RevokeLicence of a licence service: whoever holds the licence loses it for good. Loaded by the API, the policies, the
 * command line and the worker, so it only computes.
 */
const revokeLicence = defineOperation({
  name: 'RevokeLicence',
  version: '1',
  title: 'Revoke a licence for good',
  service: 'licences',
  input: z.strictObject({
    licence: z
      .string()
      .regex(/^[A-Z0-9-]{1,40}$/)
      .meta({ description: 'The number of the licence, such as L-1042.' }),
  }),
  // What `target` answers in its scope: a freeze or a policy that names another member is told of.
  scope: ['licence'],
  target: ({ licence }) => ({
    // Unique over all operations: two on one licence exclude each other.
    id: `licences/${licence}`,
    // What policies and freezes match, such as `scope: { licence: "L-*" }`.
    scope: { licence },
    label: `licence ${licence}`,
  }),
  refusal(snapshot: Licence | null) {
    if (snapshot === null) return { code: 'target_not_found', message: 'there is no such licence' };
    if (snapshot.state === 'revoked') {
      return { code: 'already_revoked', message: 'the licence is revoked already' };
    }
    return null;
  },
  achieved: (snapshot) => snapshot?.state === 'revoked',
  // Another holder is another licence: then people are asked again.
  identity: ({ licence, holder }) => ({ licence, holder }),
  present: ({ licence, holder, state }) => [
    { label: 'licence', value: licence },
    { label: 'holder', value: holder },
    { label: 'state', value: state },
  ],
});

export default revokeLicence;
