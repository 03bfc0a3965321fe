import { useMutation } from '@tanstack/preact-query';
import { useState } from 'preact/hooks';
import { Link, useParams } from 'wouter-preact';
import { EntryLine } from '../../entry-line.tsx';
import { Failed } from '../../failed.tsx';
import { openApi } from '../../http.ts';
import { useFormats, useWords } from '../../preferences.tsx';
import { checkPack } from '../../proof/check-pack.ts';
import type { CheckedPack, CheckName } from '../../proof/check-pack.ts';
import { remember, rememberedOf } from '../../proof/remembered.ts';
import type { TrustedKeys } from '../../proof/trusted-keys.ts';
import { BadPack, unpack } from '../../proof/unpack.ts';
import { Code } from '../../text.tsx';
import { useTitle } from '../../title.ts';
import { EntryBytes } from './entry-bytes.tsx';
import { TrustedKeysForm } from './trusted-keys-form.tsx';

interface Checked {
  readonly checked: CheckedPack;
  readonly pack: Blob;
}

/** The evidence of one change: fetched once, checked here, and then offered to be kept. */
export function AuditOfChange() {
  const words = useWords();
  const say = words.audit;
  const { id } = useParams<{ id: string }>();
  const [keys, setKeys] = useState<TrustedKeys | null>(null);
  useTitle(say.ofChange);
  const check = useMutation({ mutationFn: () => fetchAndCheck(id, keys) });
  return (
    <>
      <h1>{say.ofChange}</h1>
      <p>
        <Link href={`/changes/${id}`}>
          <Code text={id} />
        </Link>
      </p>
      <TrustedKeysForm onKeys={setKeys} />
      <section aria-labelledby="check">
        <h2 id="check">{say.check}</h2>
        <p>{say.checkMeans}</p>
        <p>
          <button
            type="button"
            class="main"
            aria-disabled={check.isPending}
            onClick={() => !check.isPending && check.mutate()}
          >
            {check.isPending ? say.checking : say.checkNow}
          </button>
        </p>
        {check.error instanceof BadPack ? (
          <p class="block bad" role="alert">
            {say.badPack}
          </p>
        ) : (
          check.error !== null && <Failed error={check.error} />
        )}
        {check.data && <Findings id={id} {...check.data} />}
      </section>
      {check.data && (
        <section aria-labelledby="entries">
          <h2 id="entries">{say.entries}</h2>
          <ol class="timeline">
            {check.data.checked.entries.map((entry) => (
              <li key={entry.key}>
                <EntryLine entry={entry} />
                <EntryBytes entry={entry} />
              </li>
            ))}
          </ol>
        </section>
      )}
    </>
  );
}

/** One export, from the largest tree on that this browser has verified of a log whose key is trusted. */
async function fetchAndCheck(changeId: string, keys: TrustedKeys | null): Promise<Checked> {
  const known = (keys?.logs ?? []).flatMap(({ name }) => rememberedOf(name) ?? []);
  const since = Math.max(0, ...known.map(({ size }) => size));
  const query = new URLSearchParams({ changeId, ...(since > 0 ? { since: String(since) } : {}) });
  const response = await openApi(`/v1/audit/export?${query}`, { headers: { accept: 'application/gzip' } });
  const pack = await response.blob();
  const files = await unpack(pack);
  const origin = new TextDecoder().decode(files.get('checkpoint')).split('\n', 1)[0] ?? '';
  const checked = await checkPack(files, changeId, keys, rememberedOf(origin));
  const { results, checkpoint } = checked;
  // Only a tree that a trusted key has signed, and that continues the one before, takes its place.
  if (checkpoint && results.checkpoint === 'good' && results.consistency !== 'bad')
    remember(origin, checkpoint);
  return { checked, pack };
}

const checks: readonly CheckName[] = ['entries', 'inclusion', 'checkpoint', 'cosignatures', 'consistency'];
const marks = { good: '✓', bad: '✗', unchecked: '–' } as const;
const tones = { good: 'good', bad: 'bad', unchecked: 'warn' } as const;

function Findings({ id, checked, pack }: Checked & { readonly id: string }) {
  const words = useWords();
  const say = words.audit;
  const formats = useFormats();
  const { results, checkpoint, verifier } = checked;
  const isBad = checks.some((name) => results[name] === 'bad');
  const save = () => {
    const url = URL.createObjectURL(pack);
    const link = document.createElement('a');
    link.href = url;
    link.download = `countersign-change-${id}.tgz`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  };
  return (
    <div role="status">
      {isBad && (
        <p class="block bad">
          <strong>{say.isBad}</strong>
        </p>
      )}
      <ul class="items">
        {checks.map((name) => (
          <li key={name} class="item">
            <p>
              <span class={`mark ${tones[results[name]]}`}>
                <span aria-hidden="true">{marks[results[name]]}</span> {say.resultNames[results[name]]}
              </span>{' '}
              {say.results[name][results[name]]}
            </p>
          </li>
        ))}
      </ul>
      {checkpoint && (
        <p class="beside">
          {say.checkpointOf} <Code text={checkpoint.origin} />, {say.size(formats.number(checkpoint.size))}
          {checkpoint.cosignedBy.map(({ key, at }) => (
            <span key={key.name}>
              {' · '}
              {say.cosigned} <Code text={key.name} /> {formats.exactly(new Date(at).toISOString())}
            </span>
          ))}
        </p>
      )}
      <h3>{say.notChecked}</h3>
      <ul>
        {say.notCheckedList.map((what) => (
          <li key={what}>{what}</li>
        ))}
      </ul>
      {verifier !== null && (
        <p>
          {say.verifier} <Code text={verifier} />
        </p>
      )}
      <p>
        <button type="button" onClick={save}>
          {say.save}
        </button>
      </p>
    </div>
  );
}
