import type { SignerOptions } from '../../audit/signer.ts';

/** Moments of a signer between two effects; what has to hold when it dies there is in docs/operations.md. */
export const signingPoints = ['signed', 'remembered', 'published', 'anchored'] as const;
export type SigningPoint = (typeof signingPoints)[number];
type Effects = Pick<SignerOptions, 'memory' | 'anchor'>;

/** A signer's memory and anchor, with the points at which it comes to them with a checkpoint that it has just signed. */
export function withSigningPoints<T extends Effects>(
  effects: T,
  at: (point: SigningPoint) => Promise<void> | void,
): T {
  const { memory, anchor } = effects;
  let signed: string | null = null;
  return {
    ...effects,
    memory: {
      ...memory,
      async follow(before, value) {
        const isSigned = value.note !== null && value.note !== before?.value.note;
        if (!isSigned) return await memory.follow(before, value);
        signed = value.note;
        await at('signed');
        const kept = await memory.follow(before, value);
        if (kept !== null) await at('remembered');
        return kept;
      },
    },
    anchor: {
      ...anchor,
      async keep(note) {
        // It may also be one of before, whose signer died.
        const isNew = note === signed;
        if (isNew) await at('published');
        await anchor.keep(note);
        if (isNew) await at('anchored');
      },
    },
  };
}
