import type { ListedChange } from './answers.ts';
import { useWords } from './preferences.tsx';

type Statuses = Pick<ListedChange, 'decisionStatus' | 'executionStatus' | 'reviewStatus'>;

/** Where a change stands, in a word or two: never by colour alone. */
export function StatusMark({ change }: { readonly change: Statuses }) {
  const words = useWords();
  const { decisionStatus, executionStatus, reviewStatus } = change;
  const isDecided = executionStatus !== 'not_started';
  return (
    <>
      <span class={`mark ${toneOf(change)}`}>
        {isDecided ? words.executionStatus[executionStatus] : words.decisionStatus[decisionStatus]}
      </span>
      {reviewStatus !== 'none' && (
        <span class={`mark ${reviewStatus === 'owed' ? 'warn' : 'good'}`}>
          {words.reviewStatus[reviewStatus]}
        </span>
      )}
    </>
  );
}

function toneOf({ decisionStatus, executionStatus }: Statuses): 'good' | 'bad' | 'warn' | 'calm' {
  switch (executionStatus) {
    case 'succeeded':
      return 'good';
    case 'failed':
      return 'bad';
    case 'partially_succeeded':
    case 'outcome_unknown':
    case 'paused':
      return 'warn';
    case 'not_started':
      return decisionStatus === 'rejected' || decisionStatus === 'refused'
        ? 'bad'
        : decisionStatus === 'pending'
          ? 'warn'
          : 'calm';
    case 'scheduled':
    case 'running':
    case 'cancelled':
      return 'calm';
  }
}
