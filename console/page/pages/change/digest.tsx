import { useState } from 'preact/hooks';
import type { ChangeView } from '../../answers.ts';
import { useAnnounce } from '../../announce.tsx';
import type { Verdict } from '../../verdict.ts';
import { useWords } from '../../preferences.tsx';
import { Code } from '../../text.tsx';

/** The digest that a decision is bound to, and whether this page has made the same from what it shows. */
export function Digest({ change, verdict }: { readonly change: ChangeView; readonly verdict: Verdict }) {
  const words = useWords();
  const say = words.digest;
  const { digest, round } = change;
  if (digest === null && verdict === 'intact') return null;
  return (
    <section aria-labelledby="digest">
      <h2 id="digest">{say.title}</h2>
      {digest !== null && (
        <p>
          <Ends digest={digest} /> {say.round(round)}
        </p>
      )}
      {verdict === 'checking' && <p>{say.checking}</p>}
      {verdict === 'intact' && <p class="good">✓ {say.same}</p>}
      {typeof verdict === 'object' && (
        <div class="block bad" role="alert">
          <p>
            <strong>{say.differs[verdict.of]}</strong>
          </p>
          <p>{say.differsMeans}</p>
          <dl class="facts">
            <div>
              <dt>{say.told}</dt>
              <dd>
                <Code text={verdict.stored ?? '-'} />
              </dd>
            </div>
            <div>
              <dt>{say.made}</dt>
              <dd>
                <Code text={verdict.made ?? '-'} />
              </dd>
            </div>
          </dl>
        </div>
      )}
    </section>
  );
}

/** Its two ends, enough to compare by eye or by phone; a tap shows and copies it whole. */
function Ends({ digest }: { readonly digest: string }) {
  const words = useWords();
  const announce = useAnnounce();
  const [isWhole, setWhole] = useState(false);
  const copy = () => {
    setWhole(true);
    navigator.clipboard.writeText(digest).then(
      () => announce(words.digest.copied),
      () => undefined,
    );
  };
  return (
    <button type="button" class="plain digest" onClick={copy} title={words.digest.copy}>
      <Code text={isWhole ? digest : `${digest.slice(0, 8)}…${digest.slice(-8)}`} />
      <span class="unseen">{words.digest.copy}</span>
    </button>
  );
}
