import { useMutation } from '@tanstack/preact-query';
import { useMemo } from 'preact/hooks';
import { useLocation } from 'wouter-preact';
import type { ChangeView, Operation } from '../../answers.ts';
import { useAnnounce } from '../../announce.tsx';
import { useDraft } from '../../draft.ts';
import { Failed } from '../../failed.tsx';
import { CallError, callApi } from '../../http.ts';
import { MomentField } from '../../moment-field.tsx';
import { useWords } from '../../preferences.tsx';
import { SubmitButton, useSubmit } from '../../submit.tsx';
import { useTitle } from '../../title.ts';
import { inputFields, inputOf, isFilledIn } from './input-fields.ts';
import { InputControl } from './input-control.tsx';
import { WhatWouldHold } from './what-would-hold.tsx';
import { OperationChoice, WithOperations } from './with-operations.tsx';

/** What somebody has written so far: texts as they stand in the fields, moments in ISO 8601; empty for nothing. */
interface Form {
  /** One key a form: sent twice, it is one change. */
  readonly key: string;
  readonly operation: string;
  readonly input: Readonly<Record<string, string>>;
  readonly justification: string;
  readonly ticketSystem: string;
  readonly ticketId: string;
  readonly ticketUrl: string;
  readonly decideBy: string;
  readonly executeAfter: string;
  readonly executeBy: string;
  readonly breakGlass: boolean;
}

const clocks = ['decideBy', 'executeAfter', 'executeBy'] as const;
const ticketFields = ['ticketSystem', 'ticketId', 'ticketUrl'] as const;
/** Where the API finds fault with a ticket's fields. */
const ticketPaths = {
  ticketSystem: 'ticket.system',
  ticketId: 'ticket.id',
  ticketUrl: 'ticket.url',
} as const;

function emptyForm(operation: string): Form {
  return {
    key: crypto.randomUUID(),
    operation,
    input: {},
    justification: '',
    ticketSystem: '',
    ticketId: '',
    ticketUrl: '',
    decideBy: '',
    executeAfter: '',
    executeBy: '',
    breakGlass: false,
  };
}

/** Where one asks for a change: a form that the operation's input schema makes, beside what would hold for it. */
export function NewChange() {
  const words = useWords();
  useTitle(words.newChange.title);
  return (
    <>
      <h1>{words.newChange.title}</h1>
      <WithOperations>{(operations) => <FormOf operations={operations} />}</WithOperations>
    </>
  );
}

function FormOf({ operations }: { readonly operations: readonly Operation[] }) {
  const words = useWords();
  const say = words.newChange;
  const announce = useAnnounce();
  const [, navigate] = useLocation();
  const [draft, setDraft, forgetDraft] = useDraft('new change');
  const form = useMemo(() => readForm(draft, operations), [draft, operations]);
  const write = (more: Partial<Form>) => setDraft(JSON.stringify({ ...form, ...more }));
  const operation = operations.find(({ name }) => name === form.operation);
  const fields = useMemo(() => (operation ? inputFields(operation.input) : []), [operation]);
  const input = inputOf(fields, form.input);
  const call = useMutation({
    mutationFn: () =>
      callApi<ChangeView>('/v1/changes', {
        method: 'POST',
        headers: { 'idempotency-key': form.key },
        body: {
          operation: form.operation,
          input,
          justification: form.justification,
          ...(form.ticketSystem === '' && form.ticketId === ''
            ? {}
            : {
                ticket: {
                  system: form.ticketSystem,
                  id: form.ticketId,
                  ...(form.ticketUrl === '' ? {} : { url: form.ticketUrl }),
                },
              }),
          ...Object.fromEntries(
            clocks.flatMap((clock) => (form[clock] === '' ? [] : [[clock, form[clock]]])),
          ),
          ...(form.breakGlass ? { breakGlass: true } : {}),
        },
      }),
    onSuccess: ({ id }) => {
      forgetDraft();
      announce(say.done);
      navigate(`/changes/${id}`);
    },
  });
  const submit = useSubmit(call);
  const faults = call.error instanceof CallError ? call.error.errors : [];
  const faultOf = (field: string) => faults.find((fault) => fault.field === field);
  return (
    <div class="columns">
      <form noValidate onSubmit={submit.onSubmit}>
        <section>
          <OperationChoice
            operations={operations}
            value={form.operation}
            onChoose={(chosen) => write({ operation: chosen, input: {} })}
          />
          {fields.map((field) => (
            <InputControl
              key={field.name}
              field={field}
              value={form.input[field.name] ?? field.initial}
              fault={faultOf(`input.${field.name}`)}
              onWrite={(value) => write({ input: { ...form.input, [field.name]: value } })}
            />
          ))}
          <label>
            <span>{words.change.justification}</span>
            <textarea
              rows={3}
              maxLength={2000}
              dir="auto"
              required
              aria-invalid={faultOf('justification') !== undefined}
              value={form.justification}
              onInput={(event) => write({ justification: event.currentTarget.value })}
            />
          </label>
        </section>
        <section>
          <details
            open={form.ticketId !== '' || clocks.some((clock) => form[clock] !== '') || form.breakGlass}
          >
            <summary>{say.more}</summary>
            <fieldset>
              <legend>{words.change.ticket}</legend>
              {ticketFields.map((name) => (
                <label key={name}>
                  <span>{say[name]}</span>
                  <input
                    value={form[name]}
                    dir="auto"
                    aria-invalid={faultOf(ticketPaths[name]) !== undefined}
                    onInput={(event) => write({ [name]: event.currentTarget.value })}
                  />
                </label>
              ))}
            </fieldset>
            {clocks.map((clock) => (
              <MomentField
                key={`${clock} ${form.key}`}
                label={words.change[clock]}
                moment={form[clock]}
                isInvalid={faultOf(clock) !== undefined}
                onWrite={(moment) => write({ [clock]: moment })}
              />
            ))}
            <label class="tick">
              <input
                type="checkbox"
                checked={form.breakGlass}
                onInput={(event) => write({ breakGlass: event.currentTarget.checked })}
              />
              {say.breakGlass}
            </label>
          </details>
        </section>
        {call.error !== null && <Failed error={call.error} />}
        {call.error instanceof CallError && call.error.code === 'key_reused' && (
          <p>
            <button type="button" onClick={() => write({ key: crypto.randomUUID() })}>
              {say.newKey}
            </button>
          </p>
        )}
        <p class="buttons">
          <SubmitButton submit={submit}>{say.submit}</SubmitButton>
          <button type="button" onClick={forgetDraft}>
            {say.clear}
          </button>
        </p>
      </form>
      <WhatWouldHold
        asked={{ operation: form.operation, input, breakGlass: form.breakGlass }}
        isReady={isFilledIn(fields, form.input)}
      />
    </div>
  );
}

/** What is kept of a form, as far as it is one. */
function readForm(draft: string, operations: readonly Operation[]): Form {
  const empty = emptyForm(operations[0]?.name ?? '');
  if (draft === '') return empty;
  try {
    return { ...empty, ...(JSON.parse(draft) as Partial<Form>) };
  } catch {
    return empty;
  }
}
