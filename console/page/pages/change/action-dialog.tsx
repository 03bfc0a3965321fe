import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useEffect, useRef } from 'preact/hooks';
import type { Action } from '../../../../domain/actions.ts';
import type { PersonId } from '../../../../domain/person.ts';
import { useAnnounce } from '../../announce.tsx';
import type { ChangeView } from '../../answers.ts';
import { Dialog } from '../../dialog.tsx';
import { useDraft } from '../../draft.ts';
import { Failed } from '../../failed.tsx';
import { CallError, callApi } from '../../http.ts';
import { useWords } from '../../preferences.tsx';
import { changeKey } from '../../queries.ts';
import { newLoginAddress } from '../../session.ts';
import { SubmitButton, useSubmit } from '../../submit.tsx';
import { Code, Said } from '../../text.tsx';
import { codeSentence } from '../../words/code-sentence.ts';
import { commentOf, isDone, requestOf } from './action-request.ts';
import { Differences } from './differences.tsx';
import { snapshotDifferences } from './snapshot.ts';

const lookAgainMs = 3000;
const mostCharacters = 2000;

/**
 * Where something is done of a change: it says once more what, takes a comment, and shows nothing as done before the answer
 * says so. When the change has become another one meanwhile, it is locked, and says in what.
 */
export function ActionDialog(props: {
  readonly action: Action;
  readonly change: ChangeView;
  readonly me: PersonId;
  readonly onClose: () => void;
}) {
  const { action, change, me, onClose } = props;
  const words = useWords();
  const say = words.actions;
  const client = useQueryClient();
  const announce = useAnnounce();
  // What the person had before them when they began: the decision is bound to that, whatever has come since.
  const { current: begun } = useRef(change);
  const [comment, setComment, forgetComment] = useDraft(`${action} ${change.id}`);
  const done = (answer: object | null) => {
    // Not each answer is the change itself.
    if (answer !== null && 'actions' in answer) client.setQueryData(changeKey(change.id), answer);
    else void client.invalidateQueries({ queryKey: changeKey(change.id) });
    forgetComment();
    announce(say.done[action]);
    onClose();
  };
  const call = useMutation({
    mutationFn: () => {
      const { path, sent } = requestOf(action, begun, { comment, digest: begun.digest ?? '' });
      return callApi<object>(path, sent);
    },
    onSuccess: done,
    // Whatever was refused, the change may be another one by now.
    onError: () => client.invalidateQueries({ queryKey: changeKey(change.id) }),
  });
  const submit = useSubmit(call);
  const isUnknown = call.error instanceof CallError && call.error.mayHaveTakenEffect;
  useEffect(() => {
    if (isUnknown && isDone(action, begun, change, me)) done(null);
  }, [isUnknown, change]);
  useEffect(() => {
    if (!isUnknown) return undefined;
    const timer = setInterval(
      () => void client.invalidateQueries({ queryKey: changeKey(change.id) }),
      lookAgainMs,
    );
    return () => clearInterval(timer);
  }, [isUnknown]);

  const kind = commentOf(action, change);
  const stale = call.isPending || isUnknown ? null : staleness(action, begun, change);
  return (
    <Dialog title={say.titles[action]} onClose={onClose}>
      <p>
        <Code text={begun.operation} />: <Said text={begun.target.label} />
      </p>
      <p>{say.means[action]}</p>
      {stale !== null ? (
        <Stale begun={begun} change={change} stale={stale} onClose={onClose} />
      ) : isUnknown ? (
        <div class="block warn" role="alert">
          <p>
            <strong>{say.notKnown}</strong>
          </p>
          <p class="buttons">
            <button type="button" onClick={submit.send}>
              {say.sendAgain}
            </button>
            <button type="button" onClick={onClose}>
              {say.close}
            </button>
          </p>
        </div>
      ) : (
        <form onSubmit={submit.onSubmit}>
          {kind !== 'none' && (
            <label>
              <span>{kind === 'required' ? say.commentRequired : say.comment}</span>
              <textarea
                rows={3}
                maxLength={mostCharacters}
                dir="auto"
                required={kind === 'required'}
                value={comment}
                onInput={(event) => setComment(event.currentTarget.value)}
              />
            </label>
          )}
          {call.error !== null && <Refused error={call.error} />}
          <p class="buttons">
            <SubmitButton submit={submit} class={`action ${action}`}>
              {say.names[action]}
            </SubmitButton>
            <button type="button" onClick={onClose}>
              {say.cancel}
            </button>
          </p>
        </form>
      )}
    </Dialog>
  );
}

function Refused({ error }: { readonly error: Error }) {
  const words = useWords();
  const isWeak = error instanceof CallError && error.code === 'stronger_authentication_needed';
  return (
    <>
      <Failed error={error} />
      {isWeak && (
        <p>
          <a class="button" href={newLoginAddress()}>
            {words.login.stronger}
          </a>
        </p>
      )}
    </>
  );
}

/** Why what the person has before them is no longer what they would act on: it is another one, or a code says why not. */
type Staleness = { readonly kind: 'other' } | { readonly kind: 'impossible'; readonly code: string };

function staleness(action: Action, begun: ChangeView, change: ChangeView): Staleness | null {
  if (change.digest !== begun.digest || change.round !== begun.round) return { kind: 'other' };
  const permission = change.actions[action];
  if (permission.allowed) return null;
  return { kind: 'impossible', code: permission.code };
}

function Stale(props: {
  readonly begun: ChangeView;
  readonly change: ChangeView;
  readonly stale: Staleness;
  readonly onClose: () => void;
}) {
  const { begun, change, stale, onClose } = props;
  const words = useWords();
  return (
    <div role="alert">
      <p class="block warn">
        <strong>{words.actions.stale}</strong>
        {stale.kind === 'impossible' && <> {codeSentence(words, stale.code)}</>}
      </p>
      {stale.kind === 'other' && (
        <Differences
          title={words.target.sinceBegun}
          differences={snapshotDifferences(begun.snapshot, change.snapshot)}
        />
      )}
      <p class="buttons">
        <button type="button" class="main" onClick={onClose}>
          {words.actions.lookAgain}
        </button>
      </p>
    </div>
  );
}
