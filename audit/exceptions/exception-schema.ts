import { z } from 'zod';
import { exceptionKinds } from './exception.ts';

/** An {@link ./exception.ts Exception} as JSON. */
export const exceptionSchema = z.strictObject({
  kind: z.enum(exceptionKinds),
  time: z.iso.datetime({ precision: 3 }).nullable(),
  changeId: z.string().nullable(),
  index: z
    .int()
    .nullable()
    .meta({ description: 'The entry’s place in the log; null where it follows from several.' }),
  message: z.string(),
});
