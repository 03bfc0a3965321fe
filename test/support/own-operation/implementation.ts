import { writeFileSync } from 'node:fs';
import { implement } from '../../../operations/implement.ts';
import operation from './definition.ts';

// Whoever loads this file leaves a mark.
if (process.env.LOADED_MARK) writeFileSync(process.env.LOADED_MARK, 'loaded');

const answered = { ok: true, requestId: 'own-1' } as const;

export default implement(operation, {
  read: () => Promise.resolve({ ...answered, snapshot: {} }),
  call: () => Promise.resolve(answered),
});
