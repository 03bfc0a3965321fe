import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { samePerson } from '../../../../domain/person.ts';
import { useAnnounce } from '../../announce.tsx';
import type { ChangeView } from '../../answers.ts';
import { Dialog } from '../../dialog.tsx';
import { useDraft } from '../../draft.ts';
import { Failed } from '../../failed.tsx';
import { callApi } from '../../http.ts';
import { useMe } from '../../me.ts';
import { useWords } from '../../preferences.tsx';
import { changeKey } from '../../queries.ts';
import { Said } from '../../text.tsx';

/** For members of the group that the policy names: to let this one change run in the freeze that holds it. */
export function FreezeOverride({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const { data: me } = useMe();
  const [isOpen, setOpen] = useState(false);
  const { waitsFor, policy, requester } = change;
  const freezeId = waitsFor?.kind === 'freeze' ? waitsFor.freezeId : null;
  const group = policy.freezeOverride?.group;
  if (freezeId === null || me === undefined || samePerson(requester, me)) return null;
  const isMember = me.roles.includes('approver') && me.policyGroups.some(({ name }) => name === group);
  if (!isMember) return null;
  return (
    <>
      <p>
        <button type="button" onClick={() => setOpen(true)}>
          {words.freezes.override}
        </button>
      </p>
      {isOpen && <OverrideDialog change={change} freezeId={freezeId} onClose={() => setOpen(false)} />}
    </>
  );
}

function OverrideDialog(props: {
  readonly change: ChangeView;
  readonly freezeId: string;
  readonly onClose: () => void;
}) {
  const { change, freezeId, onClose } = props;
  const words = useWords();
  const client = useQueryClient();
  const announce = useAnnounce();
  const [comment, setComment, forgetComment] = useDraft(`override ${change.id}`);
  const [digest] = useState(change.digest);
  const call = useMutation({
    mutationFn: () =>
      callApi(`/v1/freezes/${encodeURIComponent(freezeId)}/overrides`, {
        method: 'POST',
        body: { changeId: change.id, digest, comment },
      }),
    onSuccess: () => {
      forgetComment();
      announce(words.freezes.overridden);
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: changeKey(change.id) }),
  });
  return (
    <Dialog title={words.freezes.override} onClose={onClose}>
      <p>
        <Said text={change.waitsFor?.reason ?? ''} />
      </p>
      <p>{words.freezes.overrideMeans}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!call.isPending) call.mutate();
        }}
      >
        <label>
          <span>{words.actions.commentRequired}</span>
          <textarea
            rows={3}
            maxLength={2000}
            required
            dir="auto"
            value={comment}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        {call.error !== null && <Failed error={call.error} />}
        <p class="buttons">
          <button type="submit" class="main" aria-disabled={call.isPending}>
            {call.isPending ? words.actions.sending : words.freezes.override}
          </button>
          <button type="button" onClick={onClose}>
            {words.actions.cancel}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
