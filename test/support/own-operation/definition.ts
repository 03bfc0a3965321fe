import { z } from 'zod';
import { defineOperation } from '../../../operations/define-operation.ts';

/** An operation of an installation's own, for processes of tests. */
export default defineOperation({
  name: 'OwnOperation',
  version: '1',
  title: 'An operation of an installation’s own',
  service: 'own',
  input: z.strictObject({ thing: z.string() }),
  scope: ['thing'],
  target: ({ thing }) => ({ id: `own/${thing}`, scope: { thing }, label: thing }),
  refusal: () => null,
  achieved: () => false,
  identity: (snapshot) => snapshot,
  present: () => [],
});
