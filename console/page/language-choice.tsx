import { usePreferences } from './preferences.tsx';
import type { Language } from './preferences.tsx';

const languages: readonly (readonly [Language, string])[] = [
  ['en', 'English'],
  ['zh-CN', '简体中文'],
];

/** The languages, each in its own words. */
export function LanguageChoice() {
  const { language, setLanguage } = usePreferences();
  return (
    <p class="choice">
      {languages.map(([value, name]) => (
        <button
          key={value}
          type="button"
          class="plain"
          lang={value}
          aria-pressed={value === language}
          onClick={() => setLanguage(value)}
        >
          {name}
        </button>
      ))}
    </p>
  );
}
