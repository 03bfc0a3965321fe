import { useEffect, useState } from 'preact/hooks';
import { useWords } from '../../preferences.tsx';
import { keepKeys, keptKeys } from '../../proof/remembered.ts';
import { BadKeys, readTrustedKeys } from '../../proof/trusted-keys.ts';
import type { TrustedKeys } from '../../proof/trusted-keys.ts';
import { Code } from '../../text.tsx';

/** The auditor's own keys, kept in this browser: a server that is captured would give its own. */
export function TrustedKeysForm({ onKeys }: { readonly onKeys: (keys: TrustedKeys | null) => void }) {
  const words = useWords();
  const say = words.audit.keys;
  const [text, setText] = useState(keptKeys);
  const [keys, setKeys] = useState<TrustedKeys | null>(null);
  const [badLine, setBadLine] = useState<number | null>(null);
  useEffect(() => {
    let isCurrent = true;
    const take = (found: TrustedKeys | null, line: number | null) => {
      if (!isCurrent) return;
      setKeys(found);
      setBadLine(line);
      onKeys(found);
    };
    if (text.trim() === '') take(null, null);
    else {
      readTrustedKeys(text).then(
        (found) => {
          keepKeys(text);
          take(found, null);
        },
        (error: unknown) => take(null, error instanceof BadKeys ? error.line : 0),
      );
    }
    return () => {
      isCurrent = false;
    };
  }, [text]);
  const forget = () => {
    keepKeys('');
    setText('');
  };
  return (
    <section aria-labelledby="keys">
      <h2 id="keys">{say.title}</h2>
      <p>{say.what}</p>
      {keys !== null && (
        <ul>
          {[...keys.logs, ...keys.witnesses].map(({ name, keyId, of }) => (
            <li key={`${name} ${keyId}`}>
              {say.of[of]} <Code text={`${name}+${keyId}`} />
            </li>
          ))}
        </ul>
      )}
      {badLine !== null && (
        <p class="fault" role="alert">
          {say.bad(badLine)}
        </p>
      )}
      <details open={keys === null}>
        <summary>{say.change}</summary>
        <label>
          <span>{say.file}</span>
          <input
            type="file"
            accept=".txt,text/plain"
            onChange={(event) => void event.currentTarget.files?.[0]?.text().then(setText)}
          />
        </label>
        <label>
          <span>{say.text}</span>
          <textarea
            rows={4}
            dir="ltr"
            spellcheck={false}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        </label>
        <button type="button" onClick={forget}>
          {say.forget}
        </button>
      </details>
    </section>
  );
}
