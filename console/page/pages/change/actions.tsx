import { useState } from 'preact/hooks';
import { actions } from '../../../../domain/actions.ts';
import type { Action } from '../../../../domain/actions.ts';
import type { PersonId } from '../../../../domain/person.ts';
import type { ChangeView } from '../../answers.ts';
import { Moment } from '../../moment.tsx';
import { useOnline } from '../../online.ts';
import { useWords } from '../../preferences.tsx';
import { newLoginAddress } from '../../session.ts';
import { Code, Said } from '../../text.tsx';
import { codeSentence } from '../../words/code-sentence.ts';
import { ActionDialog } from './action-dialog.tsx';

/** Codes that say that an action is somebody else's: of these nothing has to be explained. */
const notTheirs: ReadonlySet<string> = new Set(['missing_role', 'forbidden']);

/**
 * What the person may do of a change, below what they have been shown of it. A button is there only where the call would be
 * accepted now; where it would not, a sentence says why.
 */
export function Actions({ change, me }: { readonly change: ChangeView; readonly me: PersonId }) {
  const words = useWords();
  const isOnline = useOnline();
  const [open, setOpen] = useState<Action | null>(null);
  const permissions = change.actions;
  const possible = actions.filter(
    (action) => permissions[action].allowed && permissions[action].repeated !== true,
  );
  const impossible = actions.flatMap((action) => {
    const permission = permissions[action];
    return permission.allowed || notTheirs.has(permission.code) ? [] : [{ action, code: permission.code }];
  });
  return (
    <>
      {isOnline && possible.length > 0 && (
        // On a phone what can be done stands far below what it is done to: this leads there, and does nothing.
        <p class="to-actions">
          <a class="button main" href="#actions">
            {words.actions.toActions}
          </a>
        </p>
      )}
      <section id="actions" class="actions" aria-labelledby="actions-title" tabIndex={-1}>
        <h2 id="actions-title">{words.actions.title}</h2>
        <DecisionState change={change} />
        {!isOnline && <p>{words.actions.offline}</p>}
        {isOnline && possible.length > 0 && (
          <p class="buttons">
            {possible.map((action) => (
              <button key={action} type="button" class={`action ${action}`} onClick={() => setOpen(action)}>
                {words.actions.names[action]}
              </button>
            ))}
          </p>
        )}
        {possible.length === 0 && <p class="empty">{words.actions.nothing}</p>}
        {impossible.length > 0 && (
          <details>
            <summary>{words.actions.whyNot}</summary>
            <ul>
              {impossible.map(({ action, code }) => (
                <li key={action}>
                  {words.actions.names[action]}: {codeSentence(words, code)} <Code text={code} />
                </li>
              ))}
            </ul>
          </details>
        )}
        {open !== null && (
          <ActionDialog key={open} action={open} change={change} me={me} onClose={() => setOpen(null)} />
        )}
      </section>
    </>
  );
}

/** Whether the person's decision is awaited, and why not; who has decided instead. */
function DecisionState({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const permission = change.actions.approve;
  const last = change.decisions.findLast(({ counts }) => counts);
  if (permission.allowed) {
    return <p>{permission.repeated ? words.actions.approvedAlready : words.actions.awaited}</p>;
  }
  if (notTheirs.has(permission.code)) return null;
  return (
    <>
      <p>{codeSentence(words, permission.code)}</p>
      {permission.code === 'stronger_authentication_needed' && (
        <p>
          <a class="button" href={newLoginAddress()}>
            {words.login.stronger}
          </a>
        </p>
      )}
      {change.decisionStatus !== 'pending' && last && (
        <p>
          {words.decisions[last.decision]}: <Said text={last.person.name} />, <Moment at={last.at} />
        </p>
      )}
    </>
  );
}
