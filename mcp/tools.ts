import type { Tool } from './tool.ts';
import { explainPolicy } from './tools/explain-policy.ts';
import { followChange } from './tools/follow-change.ts';
import { listChanges } from './tools/list-changes.ts';
import { listOperations } from './tools/list-operations.ts';
import { requestChange } from './tools/request-change.ts';

/** Every tool that an agent is given. None decides, reviews, steers or administers. */
export const tools: readonly Tool[] = [
  listOperations,
  explainPolicy,
  requestChange,
  followChange,
  listChanges,
];
