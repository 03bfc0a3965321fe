import { useMemo, useState } from 'preact/hooks';
import type { Operation } from '../answers.ts';
import { Fetched } from '../fetched.tsx';
import { useWords } from '../preferences.tsx';
import { useOperations } from '../queries.ts';
import { useTitle } from '../title.ts';
import { InputControl } from './new-change/input-control.tsx';
import { inputFields, inputOf, isFilledIn } from './new-change/input-fields.ts';
import { WhatWouldHold } from './new-change/what-would-hold.tsx';

/** Which policy would hold for a change, without asking for one. */
export function Policies() {
  const words = useWords();
  useTitle(words.policies.title);
  return (
    <>
      <h1>{words.policies.title}</h1>
      <p>{words.policies.what}</p>
      <Fetched query={useOperations()}>
        {({ items }) =>
          items.length === 0 ? (
            <p class="empty">{words.newChange.noOperation}</p>
          ) : (
            <Explain operations={items} />
          )
        }
      </Fetched>
    </>
  );
}

function Explain({ operations }: { readonly operations: readonly Operation[] }) {
  const words = useWords();
  const [name, setName] = useState(operations[0]?.name ?? '');
  const [written, setWritten] = useState<Readonly<Record<string, string>>>({});
  const [breakGlass, setBreakGlass] = useState(false);
  const operation = operations.find((one) => one.name === name);
  const fields = useMemo(() => (operation ? inputFields(operation.input) : []), [operation]);
  return (
    <div class="columns">
      <section>
        <label>
          <span>{words.change.operation}</span>
          <select
            value={name}
            onInput={(event) => {
              setName(event.currentTarget.value);
              setWritten({});
            }}
          >
            {operations.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name} — {one.title}
              </option>
            ))}
          </select>
        </label>
        {fields.map((field) => (
          <InputControl
            key={field.name}
            field={field}
            value={written[field.name] ?? field.initial}
            fault={undefined}
            onWrite={(value) => setWritten({ ...written, [field.name]: value })}
          />
        ))}
        <label class="tick">
          <input
            type="checkbox"
            checked={breakGlass}
            onInput={(event) => setBreakGlass(event.currentTarget.checked)}
          />
          {words.newChange.breakGlass}
        </label>
      </section>
      <WhatWouldHold
        asked={{ operation: name, input: inputOf(fields, written), breakGlass }}
        isReady={isFilledIn(fields, written)}
      />
    </div>
  );
}
