import { useEffect, useState } from 'preact/hooks';
import { Link, useLocation } from 'wouter-preact';
import { useWords } from './preferences.tsx';
import { Said } from './text.tsx';

const places = [
  ['/', 'home'],
  ['/changes', 'changes'],
  ['/changes/new', 'newChange'],
  ['/freezes', 'freezes'],
  ['/audit', 'audit'],
  ['/figures', 'figures'],
  ['/policies', 'policies'],
] as const;

/** The pages that one can go to; on a narrow screen behind a button. */
export function Navigation({ name }: { readonly name: string | null }) {
  const words = useWords();
  const [path] = useLocation();
  const [isOpen, setOpen] = useState(false);
  useEffect(() => setOpen(false), [path]);
  return (
    <header class="top">
      <Link href="/" class="brand">
        Countersign
      </Link>
      <button
        type="button"
        class="menu"
        aria-expanded={isOpen}
        aria-controls="navigation"
        onClick={() => setOpen(!isOpen)}
      >
        {words.nav.menu}
      </button>
      <nav id="navigation" aria-label={words.nav.pages} class={isOpen ? 'open' : ''}>
        <ul>
          {places.map(([to, label]) => (
            <li key={to}>
              <Link href={to} {...(path === to ? { 'aria-current': 'page' as const } : {})}>
                {words.nav[label]}
              </Link>
            </li>
          ))}
          <li class="who">
            <Link href="/me" {...(path === '/me' ? { 'aria-current': 'page' as const } : {})}>
              {name === null ? words.nav.me : <Said text={name} />}
            </Link>
          </li>
        </ul>
      </nav>
    </header>
  );
}
