import { useId } from 'preact/hooks';
import { Moment } from './moment.tsx';
import { usePreferences } from './preferences.tsx';
import { fieldOf, momentIn } from './zoned-time.ts';

/**
 * A field of a moment in the person's zone. Below it stands the moment as it is understood: a clock that is put on or back
 * has hours that there are not, and hours that come twice.
 */
export function MomentField(props: {
  readonly label: string;
  /** ISO 8601; empty for none. It stays the same in another zone. */
  readonly moment: string;
  readonly isInvalid?: boolean;
  /** Is given the moment of each complete date and time that somebody writes, empty for any other. */
  readonly onWrite: (moment: string) => void;
}) {
  const { label, moment, isInvalid = false, onWrite } = props;
  const { zone } = usePreferences();
  const hint = useId();
  return (
    <div class="field">
      <label>
        <span>{label}</span>
        <input
          // What somebody is writing stays as they write it: only another zone writes it anew.
          key={zone}
          type="datetime-local"
          defaultValue={fieldOf(moment, zone)}
          aria-invalid={isInvalid}
          aria-describedby={hint}
          onInput={(event) => onWrite(momentIn(event.currentTarget.value, zone) ?? '')}
        />
      </label>
      <p class="beside" id={hint}>
        {moment !== '' && <Moment at={moment} />}
      </p>
    </div>
  );
}
