import { sql } from 'kysely';
import type { RawBuilder } from 'kysely';
import type { PersonId } from '../domain/person.ts';
import { isoTime } from '../domain/time.ts';

/** Somebody whose decision may be awaited. */
export interface Awaited extends PersonId {
  /** The groups that their token names. */
  readonly groups: readonly string[];
  /** The groups of the directory that list them. */
  readonly directory: readonly string[];
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Whether the open stage has a free seat for somebody: what `isAwaited` (domain/progress.ts) says, asked of what is
 * stored. The first stage with a free seat is the open one. In somebody else's place it looks at those whom the policy
 * lists; of the directory it lets through what the rule itself decides later. A row that holds something else than it
 * should is passed over, where jsonb_array_elements would fail the list.
 */
export function hasSeatFor({ issuer, subject, groups, directory, now }: Awaited): RawBuilder<boolean> {
  const person = JSON.stringify({ issuer, subject });
  const listed = JSON.stringify([{ issuer, subject }]);
  const at = isoTime(now);
  return sql<boolean>`
    (exists (
      select from jsonb_path_query(document, 'lax $.missing[*]') m,
                  jsonb_path_query(jsonb_build_array(m->'group') || (m->'alsoFrom'), 'lax $[*]') g,
                  lateral (select document#>array['policy', 'groups', g#>>'{}'] as source) s
      where m->>'stage' = document#>>'{missing,0,stage}'
        and (g = 'null'::jsonb
             or case source->>'source'
                  when 'token' then g#>>'{}' = any(${[...groups]}::text[])
                  when 'directory' then g#>>'{}' = any(${[...directory]}::text[])
                  else source->'members' @> ${listed}::jsonb
                end
             or exists (
               select from jsonb_path_query(document, 'lax $.policy.delegations[*]') d
               where d->'to' = ${person}::jsonb and d->>'since' <= ${at} and d->>'until' > ${at}
                 and (source->>'source' = 'directory'
                      or source->'members' @> jsonb_build_array(d->'from')))))
     and not exists (
       select from jsonb_path_query(document, 'lax $.policy.delegations[*]') d
       where d->'to' = ${person}::jsonb and d->>'since' <= ${at}
         and d->>'until' > document->>'submittedAt'
         and (d#>>'{from,issuer}', d#>>'{from,subject}') = (requester_issuer, requester_subject)))`;
}
