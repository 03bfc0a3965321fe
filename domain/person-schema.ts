import { z } from 'zod';
import { canonicalJson } from './canonical-json.ts';
import { CountersignError } from './error.ts';
import { mostPersonBytes, roles } from './person.ts';
import type { Person, PersonId } from './person.ts';
import { isoMoment } from './text-schema.ts';

const some = z.string().min(1);

/** Who somebody is. */
export const personIdSchema: z.ZodType<PersonId> = z.strictObject({ issuer: some, subject: some });

/** A person as a verified token describes them, with nothing else, and no longer than an entry can hold. */
export const personSchema: z.ZodType<Person> = z
  .strictObject({
    issuer: some,
    subject: some,
    name: some,
    roles: z.array(z.enum(roles)),
    groups: z.array(z.string()),
    authentication: z.strictObject({ methods: z.array(z.string()), at: isoMoment.nullable() }),
    issuedBy: personIdSchema.exactOptional(),
    vouchedBy: z.strictObject({ namespace: some, type: some, workflowId: some }).exactOptional(),
  })
  .refine((person) => isStorable(person), {
    error: `expected plain text, at most ${mostPersonBytes} bytes of it`,
    params: { rule: 'max_bytes' },
  });

function isStorable(person: object): boolean {
  try {
    return new TextEncoder().encode(canonicalJson(person)).length <= mostPersonBytes;
  } catch (error) {
    if (error instanceof CountersignError) return false;
    throw error;
  }
}
