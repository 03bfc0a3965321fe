import { useMemo, useState } from 'preact/hooks';
import type { Operation } from '../answers.ts';
import { useWords } from '../preferences.tsx';
import { useTitle } from '../title.ts';
import { InputControl } from './new-change/input-control.tsx';
import { inputFields, inputOf, isFilledIn } from './new-change/input-fields.ts';
import { WhatWouldHold } from './new-change/what-would-hold.tsx';
import { OperationChoice, WithOperations } from './new-change/with-operations.tsx';

/** Which policy would hold for a change, without asking for one. */
export function Policies() {
  const words = useWords();
  useTitle(words.policies.title);
  return (
    <>
      <h1>{words.policies.title}</h1>
      <p>{words.policies.what}</p>
      <WithOperations>{(operations) => <Explain operations={operations} />}</WithOperations>
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
        <OperationChoice
          operations={operations}
          value={name}
          onChoose={(chosen) => {
            setName(chosen);
            setWritten({});
          }}
        />
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
