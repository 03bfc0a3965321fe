import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useRef, useState } from 'preact/hooks';
import { useAnnounce } from '../../announce.tsx';
import type { Freeze } from '../../answers.ts';
import { useDraft } from '../../draft.ts';
import { Failed } from '../../failed.tsx';
import { CallError, callApi } from '../../http.ts';
import { MomentField } from '../../moment-field.tsx';
import { useWords } from '../../preferences.tsx';
import { useOperations } from '../../queries.ts';
import { SubmitButton, useSubmit } from '../../submit.tsx';
import { Code } from '../../text.tsx';
import { inputMembersOf } from '../new-change/input-fields.ts';

interface DeclaredFreeze extends Freeze {
  readonly callsUnderWay: readonly { readonly changeId: string }[];
}

/** Where an admin declares that nothing may run. */
export function DeclareFreeze() {
  const words = useWords();
  const say = words.freezes;
  const client = useQueryClient();
  const announce = useAnnounce();
  const operations = useOperations().data?.items ?? [];
  const members = [...new Set(operations.flatMap(({ input }) => inputMembersOf(input)))];
  const [reason, setReason, forgetReason] = useDraft('freeze');
  const [operation, setOperation] = useState('');
  const [scope, setScope] = useState<Readonly<Record<string, string>>>({});
  const [startsAt, setStartsAt] = useState('');
  const [endsAt, setEndsAt] = useState('');
  const key = useRef(crypto.randomUUID());
  const call = useMutation({
    mutationFn: () => {
      const patterns = Object.fromEntries(Object.entries(scope).filter(([, pattern]) => pattern !== ''));
      return callApi<DeclaredFreeze>('/v1/freezes', {
        method: 'POST',
        headers: { 'idempotency-key': key.current },
        body: {
          reason,
          ...(operation === '' ? {} : { operation }),
          ...(Object.keys(patterns).length === 0 ? {} : { scope: patterns }),
          ...(startsAt === '' ? {} : { startsAt }),
          ...(endsAt === '' ? {} : { endsAt }),
        },
      });
    },
    onSuccess: async () => {
      key.current = crypto.randomUUID();
      forgetReason();
      announce(say.declared);
      await Promise.all([
        client.invalidateQueries({ queryKey: ['freezes'] }),
        client.invalidateQueries({ queryKey: ['calendar'] }),
      ]);
    },
    onError: (error) => {
      // Surely not taken: what is sent next is another one.
      if (error instanceof CallError && !error.mayHaveTakenEffect) key.current = crypto.randomUUID();
    },
  });
  const submit = useSubmit(call);
  return (
    <section>
      <details>
        <summary>{say.declare}</summary>
        <form onSubmit={submit.onSubmit}>
          <p>{say.declareMeans}</p>
          <label>
            <span>{say.reason}</span>
            <textarea
              rows={2}
              maxLength={2000}
              required
              dir="auto"
              value={reason}
              onInput={(event) => setReason(event.currentTarget.value)}
            />
          </label>
          <div class="filters">
            <label>
              <span>{words.change.operation}</span>
              <select value={operation} onInput={(event) => setOperation(event.currentTarget.value)}>
                <option value="">{say.everyOperation}</option>
                {operations.map(({ name }) => (
                  <option key={name} value={name}>
                    {name}
                  </option>
                ))}
              </select>
            </label>
            {members.map((member) => (
              <label key={member}>
                <span>
                  <Code text={member} />
                </span>
                <input
                  placeholder="*"
                  dir="auto"
                  value={scope[member] ?? ''}
                  onInput={(event) => setScope({ ...scope, [member]: event.currentTarget.value })}
                />
              </label>
            ))}
            <MomentField label={say.startsAt} moment={startsAt} onWrite={setStartsAt} />
            <MomentField label={say.endsAt} moment={endsAt} onWrite={setEndsAt} />
          </div>
          {call.error !== null && <Failed error={call.error} />}
          {call.data && (
            <p class="block good" role="status">
              {say.declared}
              {call.data.callsUnderWay.length > 0 && <> {say.tooLateFor(call.data.callsUnderWay.length)}</>}
            </p>
          )}
          <SubmitButton submit={submit}>{say.declare}</SubmitButton>
        </form>
      </details>
    </section>
  );
}
