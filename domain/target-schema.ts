import { z } from 'zod';
import type { Target } from './target.ts';
import { mostScopeMembers, scopeMemberName } from './target-scope.ts';
import { identifier, text } from './text-schema.ts';

/** Members of a scope, each with a value of this schema. */
export function scopeOf<T extends z.ZodType>(value: T) {
  const name = z.string().regex(scopeMemberName);
  const members = z
    .record(name, value)
    .refine((scope) => Object.keys(scope).length <= mostScopeMembers, {
      error: `at most ${mostScopeMembers} members`,
      params: { rule: 'maximum' },
    })
    .meta({ maxProperties: mostScopeMembers, propertyNames: { pattern: scopeMemberName.source } });
  // zod leaves this member out without a word, and without it a policy or a freeze would match more than it says.
  return z.preprocess((scope, ctx) => {
    if (typeof scope === 'object' && scope !== null && Object.hasOwn(scope, '__proto__')) {
      ctx.issues.push({
        code: 'custom',
        input: scope,
        message: 'no member is called __proto__',
        params: { rule: 'format' },
      });
    }
    return scope;
  }, members);
}

/** A pattern that a freeze has for a member of a scope: `*` stands for any text, `?` for one character. */
export const scopePattern = identifier(200).trim().min(1);

const encoder = new TextEncoder();
/** Most bytes of a target's id: an index of Postgres, which keeps a second open change away, takes some 2,700. */
const mostIdBytes = 2000;

const targetId = text(mostIdBytes)
  .min(1)
  .refine((id) => encoder.encode(id).length <= mostIdBytes, {
    error: `expected at most ${mostIdBytes} bytes of UTF-8`,
    params: { rule: 'max_bytes' },
  });

/** A target as a change has it. Whether it is the one of the change's input, the operation says. */
export const targetSchema = z.strictObject({
  id: targetId,
  scope: scopeOf(text(2000)),
  label: text(2000),
} satisfies Record<keyof Target, z.ZodType>);
