import type { FieldError } from '../../../../domain/error.ts';
import { useWords } from '../../preferences.tsx';
import { Said } from '../../text.tsx';
import type { InputField } from './input-fields.ts';

/** A field of the form, with what the API found wrong with it. */
export function InputControl(props: {
  readonly field: InputField;
  readonly value: string;
  readonly fault: FieldError | undefined;
  readonly onWrite: (value: string) => void;
}) {
  const { field, value, fault, onWrite } = props;
  const words = useWords();
  const { name, kind, label, description, isRequired, options, pattern, maxLength } = field;
  const described = [...(description === null ? [] : [`${name}-hint`]), ...(fault ? [`${name}-fault`] : [])];
  const shared = {
    id: `input-${name}`,
    required: isRequired,
    'aria-invalid': fault !== undefined,
    ...(described.length > 0 ? { 'aria-describedby': described.join(' ') } : {}),
  };
  const text = {
    ...shared,
    value,
    dir: 'auto' as const,
    spellcheck: false,
    onInput: (event: { currentTarget: HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement }) =>
      onWrite(event.currentTarget.value),
  };
  return (
    <div class="field">
      {kind === 'tick' ? (
        <label class="tick">
          <input
            {...shared}
            type="checkbox"
            required={false}
            checked={value === 'true'}
            onInput={(event) => onWrite(String(event.currentTarget.checked))}
          />
          <Said text={label} />
        </label>
      ) : (
        <label>
          <span>
            <Said text={label} /> {!isRequired && <span class="beside">({words.newChange.optional})</span>}
          </span>
          {kind === 'choice' ? (
            <select {...text}>
              <option value="" />
              {options.map((option) => (
                <option key={option} value={option}>
                  {option}
                </option>
              ))}
            </select>
          ) : kind === 'list' || kind === 'json' ? (
            <textarea {...text} rows={3} />
          ) : (
            <input
              {...text}
              type="text"
              inputMode={kind === 'text' ? 'text' : 'decimal'}
              autoComplete="off"
              {...(pattern === null ? {} : { pattern })}
              {...(maxLength === null ? {} : { maxLength })}
            />
          )}
        </label>
      )}
      {kind === 'list' && <p class="beside">{words.newChange.oneALine}</p>}
      {description !== null && (
        <p class="beside" id={`${name}-hint`}>
          <Said text={description} />
        </p>
      )}
      {fault && (
        <p class="fault" id={`${name}-fault`}>
          <Said text={fault.message} />
        </p>
      )}
    </div>
  );
}
