import { z } from 'zod';
import { identifierFault, textFault } from './text-fault.ts';
import type { TextFault } from './text-fault.ts';

/** Refuses text in which a rule finds a fault. */
export const without =
  (faultIn: (text: string) => TextFault | null) =>
  (ctx: z.core.ParsePayload<string>): void => {
    const fault = faultIn(ctx.value);
    if (fault === null) return;
    const { rule, message } = fault;
    ctx.issues.push({ code: 'custom', input: ctx.value, message, params: { rule } });
  };

/** Text in which tabs and line ends are the only control characters. */
export const text = (max: number) => z.string().max(max).check(without(textFault));

/** What somebody may write beside what they say of a change. */
export const commentText = text(2000);

/** Text with something in it; blanks around it are cut off. */
export const words = (max: number) => text(max).trim().min(1);

/** Text that names something: nothing in it that cannot be seen. */
export const identifier = (max: number) => z.string().max(max).check(without(identifierFault));

/** An identifier with something in it; blanks around it are cut off. */
export const named = (max: number) => identifier(max).trim().min(1);

/** SHA-256 in lower-case hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** RFC 3339 with a zone; fractions beyond milliseconds are cut off. */
export const zonedMoment = z.iso.datetime({
  offset: true,
  error: 'expected a time with a zone, such as 2026-11-30T08:00:00Z',
});

/** A time as everything of ours has it: `YYYY-MM-DDTHH:MM:SS.sssZ`, of the calendar. */
export const isoMoment = z.string().refine((value) => isIsoMoment(value), {
  error: 'expected a time such as 2026-11-30T08:00:00.000Z',
  params: { rule: 'format' },
});

function isIsoMoment(value: string): boolean {
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}
