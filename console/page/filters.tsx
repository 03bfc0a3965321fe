import { usePreferences } from './preferences.tsx';
import { fieldOf } from './zoned-time.ts';

/** The fields of a form by which a list is filtered; each is called as the query parameter that it becomes. */
interface Fields<Name extends string> {
  readonly names: readonly Name[];
  readonly labels: Readonly<Record<Name, string>>;
  readonly filter: Readonly<Record<string, string>>;
}

/** What a form's fields say, each by its name, without blanks around it; empty where it says nothing. */
export function textsOf(form: HTMLFormElement): (name: string) => string {
  const given = new FormData(form);
  return (name) => {
    const value = given.get(name);
    return typeof value === 'string' ? value.trim() : '';
  };
}

/** A field of text for each. */
export function TextFields<Name extends string>({ names, labels, filter }: Fields<Name>) {
  return names.map((name) => (
    <label key={name}>
      <span>{labels[name]}</span>
      <input name={name} dir="auto" defaultValue={filter[name] ?? ''} />
    </label>
  ));
}

/** A field of a moment for each, in the person's zone. */
export function TimeFields<Name extends string>({ names, labels, filter }: Fields<Name>) {
  const { zone } = usePreferences();
  return names.map((name) => (
    <label key={name}>
      <span>{labels[name]}</span>
      <input type="datetime-local" name={name} defaultValue={fieldOf(filter[name] ?? '', zone)} />
    </label>
  ));
}
