import type { PinnedPolicy } from './change.ts';

/** The built-in policy: one approver who is not the requester. */
export const fourEyes: PinnedPolicy = {
  name: 'four-eyes',
  version: '1',
  // SHA-256 of the canonical JSON of the other members; a test makes it again (no hashing in a workflow).
  digest: '18afe6c788e39d83c91b227bc3adb6c28135cb6843f2b4bbaef4f7e1093cef39',
  stages: [{ name: 'approval', group: null, threshold: 1 }],
};
