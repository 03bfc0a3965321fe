import { z } from 'zod';

/** Refuses text that Postgres, the log or a reader could not hold, and the control characters that a pattern finds. */
export const storable =
  (control: RegExp) =>
  (ctx: z.core.ParsePayload<string>): void => {
    const broken = !ctx.value.isWellFormed()
      ? { rule: 'well_formed', message: 'must be well-formed Unicode' }
      : control.test(ctx.value)
        ? { rule: 'no_control_characters', message: 'must not contain control characters' }
        : null;
    if (broken) {
      const { rule, message } = broken;
      ctx.issues.push({ code: 'custom', input: ctx.value, message, params: { rule } });
    }
  };

/** Text in which tabs and line ends are the only control characters. */
export const text = (max: number) =>
  z
    .string()
    .max(max)
    .check(storable(/(?![\t\n\r])\p{Cc}/u));

/** Text with something in it; blanks around it are cut off. */
export const words = (max: number) => text(max).trim().min(1);

/** SHA-256 in lower-case hex. */
export const sha256Hex = z.string().regex(/^[0-9a-f]{64}$/);

/** A time as everything of ours has it: `YYYY-MM-DDTHH:MM:SS.sssZ`, of the calendar. */
export const isoMoment = z.string().refine((value) => isIsoMoment(value), {
  error: 'expected a time such as 2026-11-30T08:00:00.000Z',
  params: { rule: 'format' },
});

function isIsoMoment(value: string): boolean {
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}
