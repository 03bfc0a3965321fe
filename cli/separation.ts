import { administrators, overlaps } from '../domain/separation.ts';
import type { Overlap } from '../domain/separation.ts';
import type { Directory } from '../policies/directory.ts';
import type { Environment } from './environment.ts';
import { claimMapping } from './identity.ts';

/** What the files say of the separation of administrators. */
export interface Separation {
  readonly overlaps: readonly Overlap[];
  /** What they cannot say. */
  readonly unknown: string;
}

/** Who is more than one administrator by `COUNTERSIGN_ROLE_MAP` and the directory. @throws CountersignError `invalid_configuration` */
export async function separationOf(env: Environment, directory: Directory): Promise<Separation> {
  const { roleMap } = await claimMapping(env);
  return {
    overlaps: overlaps(roleMap ?? new Map(), directory.members),
    unknown: roleMap
      ? 'who has which value of the claim, and two accounts of one human: ask the identity provider'
      : 'all of it: without COUNTERSIGN_ROLE_MAP the identity provider alone says who has which role',
  };
}

export function separationLines({ overlaps: found, unknown }: Separation): string[] {
  return [
    ...found.map(({ who, roles }) => {
      const parts = roles.map((role) => `${role} (${administrators[role]})`);
      return `separation: ${who} is ${parts.join(' and ')}`;
    }),
    ...(found.length === 0 ? ['separation: nobody is two administrators by these files'] : []),
    `separation: not known: ${unknown}`,
  ];
}
