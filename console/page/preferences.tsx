import { createContext } from 'preact';
import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useMemo, useState } from 'preact/hooks';
import { keep, readKept } from './kept.ts';
import { makeFormats } from './formats.ts';
import type { Formats, Zone } from './formats.ts';
import { en } from './words/en.ts';
import type { Words } from './words/en.ts';

/** A language that the console speaks. */
export type Language = 'en' | 'zh-CN';

/** How somebody wants to be told things. */
export interface Preferences {
  readonly language: Language;
  readonly zone: Zone;
  readonly setLanguage: (language: Language) => void;
  readonly setZone: (zone: Zone) => void;
}

interface Told {
  readonly preferences: Preferences;
  readonly words: Words;
  readonly formats: Formats;
}

const context = createContext<Told | null>(null);

/** Gives the page its words and its times. The second language is loaded when somebody wants it. */
export function PreferencesProvider({ children }: { readonly children: ComponentChildren }) {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [zone, setZone] = useState<Zone>(() => (readKept('local', 'zone') === 'utc' ? 'utc' : 'local'));
  const [words, setWords] = useState<Words | null>(language === 'en' ? en : null);
  useEffect(() => {
    let isCurrent = true;
    void wordsIn(language).then((loaded) => {
      if (!isCurrent) return;
      setWords(loaded);
      document.documentElement.lang = loaded.language;
    });
    return () => {
      isCurrent = false;
    };
  }, [language]);
  const told = useMemo<Told | null>(() => {
    if (words === null) return null;
    const preferences: Preferences = {
      language,
      zone,
      setLanguage(next) {
        keep('local', 'language', next);
        setLanguage(next);
      },
      setZone(next) {
        keep('local', 'zone', next);
        setZone(next);
      },
    };
    return { preferences, words, formats: makeFormats(words, zone) };
  }, [words, language, zone]);
  if (told === null) return null;
  return <context.Provider value={told}>{children}</context.Provider>;
}

/** The words of the page in the person's language. */
export function useWords(): Words {
  return useTold().words;
}

/** How times and numbers are written. */
export function useFormats(): Formats {
  return useTold().formats;
}

/** See {@link Preferences}. */
export function usePreferences(): Preferences {
  return useTold().preferences;
}

function useTold(): Told {
  const told = useContext(context);
  if (told === null) throw new Error('no preferences');
  return told;
}

async function wordsIn(language: Language): Promise<Words> {
  if (language === 'en') return en;
  return (await import('./words/zh-cn.ts')).zhCn;
}

/** The one that somebody chose here, else the first of the browser's that there is. */
function firstLanguage(): Language {
  const chosen = readKept('local', 'language');
  if (chosen === 'en' || chosen === 'zh-CN') return chosen;
  for (const wanted of navigator.languages) {
    if (wanted.startsWith('zh')) return 'zh-CN';
    if (wanted.startsWith('en')) return 'en';
  }
  return 'en';
}
