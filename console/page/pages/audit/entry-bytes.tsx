import { canonicalJson } from '../../../../domain/canonical-json.ts';
import { shownJsonText } from '../../../../domain/shown-text.ts';
import type { Entry } from '../../answers.ts';
import { useWords } from '../../preferences.tsx';

/** An entry as the bytes that are hashed: its canonical JSON. */
export function EntryBytes({ entry }: { readonly entry: Entry }) {
  const words = useWords();
  return (
    <details>
      <summary>{words.audit.bytes}</summary>
      <pre class="bytes" dir="ltr" tabIndex={0}>
        {textOf(entry)}
      </pre>
    </details>
  );
}

function textOf({ index: _index, key: _key, leafHash: _leafHash, ...body }: Entry): string {
  try {
    return shownJsonText(canonicalJson(body));
  } catch {
    // What has no canonical JSON cannot be an entry.
    return '';
  }
}
