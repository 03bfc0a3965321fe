import type { Action } from '../../../../domain/actions.ts';
import { samePerson } from '../../../../domain/person.ts';
import type { PersonId } from '../../../../domain/person.ts';
import type { ChangeView } from '../../answers.ts';
import type { Sent } from '../../http.ts';

/** The call that does something of a change. @param digest - of what the person was shown when they began */
export function requestOf(
  action: Action,
  { id, waitsFor }: Pick<ChangeView, 'id' | 'waitsFor'>,
  { comment, digest }: { readonly comment: string; readonly digest: string },
): { readonly path: string; readonly sent: Sent } {
  const self = `/v1/changes/${id}`;
  switch (action) {
    case 'approve':
    case 'reject':
      return post(`${self}/decisions`, { decision: action, digest, comment });
    case 'takeBack':
      return { path: `${self}/decisions`, sent: { method: 'DELETE' } };
    case 'withdraw':
      return post(`${self}/withdrawal`, { comment });
    case 'pause':
    case 'resume':
    case 'retry':
    case 'abandon':
      return post(`${self}/execution`, { action, comment });
    case 'review':
      return post(`${self}/review`, { comment });
    case 'overrideFreeze':
      return post(`/v1/freezes/${encodeURIComponent(waitsFor?.freezeId ?? '')}/overrides`, {
        changeId: id,
        digest,
        comment,
      });
  }
}

function post(path: string, body: object): { readonly path: string; readonly sent: Sent } {
  return { path, sent: { method: 'POST', body } };
}

/** Whether a comment has to, may, or cannot stand with it. */
export function commentOf(
  action: Action,
  { policy }: Pick<ChangeView, 'policy'>,
): 'required' | 'optional' | 'none' {
  switch (action) {
    case 'approve':
      return policy.commentRequired === 'always' ? 'required' : 'optional';
    case 'reject':
      return policy.commentRequired === 'never' ? 'optional' : 'required';
    case 'takeBack':
      return 'none';
    case 'withdraw':
      return 'optional';
    case 'pause':
    case 'resume':
    case 'retry':
    case 'abandon':
    case 'review':
    case 'overrideFreeze':
      return 'required';
  }
}

/**
 * Whether a change shows that something has been done of it: asked again and again after a call of which nobody has said
 * what became of it.
 *
 * @param before - the change when the call was made
 */
export function isDone(action: Action, before: ChangeView, after: ChangeView, me: PersonId): boolean {
  const own = after.decisions.findLast(({ person, counts }) => counts && samePerson(person, me));
  switch (action) {
    case 'approve':
    case 'reject':
      return own?.decision === action && own.digest === before.digest;
    case 'takeBack':
      return own === undefined;
    case 'withdraw':
    case 'abandon':
    case 'pause':
      return after.stop?.action === action && samePerson(after.stop.by, me);
    case 'resume':
      return after.stop == null && after.executionStatus !== 'paused';
    case 'retry':
      return after.attempts.length > before.attempts.length;
    case 'review':
      return after.review !== null && samePerson(after.review.person, me);
    case 'overrideFreeze':
      return after.waitsFor?.freezeId !== before.waitsFor?.freezeId;
  }
}
