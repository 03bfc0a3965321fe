import { useFormats } from './preferences.tsx';
import { useNow } from './ticking.ts';

/** A moment: absolute, with its zone, and how far it is from now. */
export function Moment({ at, exact = false }: { readonly at: string; readonly exact?: boolean }) {
  const formats = useFormats();
  const now = useNow();
  if (Number.isNaN(Date.parse(at))) return <span>{at}</span>;
  return (
    <time dateTime={at}>
      {exact ? formats.exactly(at) : formats.moment(at)}{' '}
      <span class="beside">({formats.relative(at, now)})</span>
    </time>
  );
}
