import type { ComponentChildren } from 'preact';
import type { Operation } from '../../answers.ts';
import { Fetched } from '../../fetched.tsx';
import { useWords } from '../../preferences.tsx';
import { useOperations } from '../../queries.ts';

/** What is made of the gated operations, once they are there; a sentence where there are none. */
export function WithOperations(props: {
  readonly children: (operations: readonly Operation[]) => ComponentChildren;
}) {
  const words = useWords();
  return (
    <Fetched query={useOperations()}>
      {({ items }) =>
        items.length === 0 ? <p class="empty">{words.newChange.noOperation}</p> : props.children(items)
      }
    </Fetched>
  );
}

/** Where one of the operations is chosen. */
export function OperationChoice(props: {
  readonly operations: readonly Operation[];
  /** The name of the chosen one. */
  readonly value: string;
  readonly onChoose: (name: string) => void;
}) {
  const { operations, value, onChoose } = props;
  const words = useWords();
  return (
    <label>
      <span>{words.change.operation}</span>
      <select value={value} onInput={(event) => onChoose(event.currentTarget.value)}>
        {operations.map(({ name, title }) => (
          <option key={name} value={name}>
            {name} — {title}
          </option>
        ))}
      </select>
    </label>
  );
}
