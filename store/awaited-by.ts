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
 * Whether somebody may be awaited: all of whom `refusalToDecide` (domain/decision.ts) does not refuse, and a few more, so that
 * it need not be asked of every change. They are in a group of the open stage, the first one with a free seat, or in one
 * that helps it; or they represent somebody who is.
 * A row that holds something else than it should is passed over, where jsonb_array_elements would fail the list.
 */
export function mayBeAwaited({ issuer, subject, groups, directory, now }: Awaited): RawBuilder<boolean> {
  const person = JSON.stringify({ issuer, subject });
  const listed = JSON.stringify([{ issuer, subject }]);
  const at = isoTime(now);
  return sql<boolean>`
    (exists (
      select from (
               select g from jsonb_path_query(document, 'lax $.missing[*]') m,
                             jsonb_path_query(jsonb_build_array(m->'group') || (m->'alsoFrom'), 'lax $[*]') g
                where m->>'stage' = document#>>'{missing,0,stage}'
               union all
               select seats->'group' from jsonb_path_query(document, 'lax $.policy.stages[*]') stage,
                                          jsonb_path_query(stage, 'lax $.groups[*]') seats
                where stage->>'name' = document#>>'{missing,0,stage}') asked(g),
             lateral (select document#>array['policy', 'groups', g#>>'{}'] as source) s
      where (g = 'null'::jsonb
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
