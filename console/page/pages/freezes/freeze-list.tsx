import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { useAnnounce } from '../../announce.tsx';
import type { Freeze, Page } from '../../answers.ts';
import { now } from '../../clock.ts';
import { Dialog } from '../../dialog.tsx';
import { Failed } from '../../failed.tsx';
import { Fetched } from '../../fetched.tsx';
import { callApi } from '../../http.ts';
import { Moment } from '../../moment.tsx';
import { More } from '../../more.tsx';
import { useWords } from '../../preferences.tsx';
import { SubmitButton, useSubmit } from '../../submit.tsx';
import { Code, Said } from '../../text.tsx';

/** Every freeze, the last declared first, with who declared and who lifted it. */
export function FreezeList({ mayLift }: { readonly mayLift: boolean }) {
  const words = useWords();
  const say = words.freezes;
  const [lifting, setLifting] = useState<Freeze | null>(null);
  const query = useInfiniteQuery({
    queryKey: ['freezes'],
    queryFn: ({ pageParam, signal }) =>
      callApi<Page<Freeze>>(
        `/v1/freezes${pageParam === null ? '' : `?${new URLSearchParams({ cursor: pageParam })}`}`,
        {
          signal,
        },
      ),
    initialPageParam: null as string | null,
    getNextPageParam: ({ nextCursor }) => nextCursor,
  });
  return (
    <section aria-labelledby="freezes">
      <h2 id="freezes">{say.all}</h2>
      <Fetched query={query}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          if (items.length === 0) return <p class="empty">{say.none}</p>;
          return (
            <ul class="items">
              {items.map((freeze) => (
                <FreezeItem key={freeze.id} freeze={freeze}>
                  {mayLift && isLiftable(freeze) && (
                    <button type="button" onClick={() => setLifting(freeze)}>
                      {say.lift}
                    </button>
                  )}
                </FreezeItem>
              ))}
            </ul>
          );
        }}
      </Fetched>
      <More query={query} />
      {lifting !== null && <Lift freeze={lifting} onClose={() => setLifting(null)} />}
    </section>
  );
}

/** One of the calendar file is lifted there, and one that is over needs nobody. */
function isLiftable({ declaredAt, liftedAt, endsAt }: Freeze): boolean {
  return declaredAt !== null && liftedAt === null && (endsAt === null || Date.parse(endsAt) > now());
}

function FreezeItem({
  freeze,
  children,
}: {
  readonly freeze: Freeze;
  readonly children: preact.ComponentChildren;
}) {
  const words = useWords();
  const say = words.freezes;
  const { id, reason, operation, scope, startsAt, endsAt, declaredBy, liftedBy, liftedAt } = freeze;
  const members = Object.entries(scope);
  return (
    <li class="item">
      <Said text={reason} lines />
      <p>
        <Moment at={startsAt} /> – {endsAt === null ? say.noEnd : <Moment at={endsAt} />}
      </p>
      <p class="beside">
        {operation === null ? say.everyOperation : <Code text={operation} />}
        {' · '}
        {members.length === 0 ? (
          say.everyTarget
        ) : (
          <Code text={members.map(([name, value]) => `${name}=${value}`).join(', ')} />
        )}
        {' · '}
        {declaredBy === null ? say.ofTheFile : <Said text={declaredBy.name} />}
        {' · '}
        <Code text={id} />
      </p>
      {liftedAt !== null && (
        <p>
          {say.lifted} {liftedBy !== null && <Said text={liftedBy.name} />} <Moment at={liftedAt} />
        </p>
      )}
      {children}
    </li>
  );
}

function Lift({ freeze, onClose }: { readonly freeze: Freeze; readonly onClose: () => void }) {
  const words = useWords();
  const say = words.freezes;
  const client = useQueryClient();
  const announce = useAnnounce();
  const call = useMutation({
    mutationFn: () => callApi<Freeze>(`/v1/freezes/${encodeURIComponent(freeze.id)}`, { method: 'DELETE' }),
    onSuccess: async () => {
      announce(say.liftDone);
      onClose();
      await Promise.all([
        client.invalidateQueries({ queryKey: ['freezes'] }),
        client.invalidateQueries({ queryKey: ['calendar'] }),
      ]);
    },
  });
  const submit = useSubmit(call);
  return (
    <Dialog title={say.liftTitle} onClose={onClose}>
      <Said text={freeze.reason} lines />
      <p>{say.liftMeans}</p>
      <form onSubmit={submit.onSubmit}>
        {call.error !== null && <Failed error={call.error} />}
        <p class="buttons">
          <SubmitButton submit={submit}>{say.lift}</SubmitButton>
          <button type="button" onClick={onClose}>
            {words.actions.cancel}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
