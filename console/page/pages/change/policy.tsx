import type { PinnedPolicy } from '../../../../domain/policy.ts';
import type { ChangeView } from '../../answers.ts';
import { PolicyRules } from '../../policy-rules.tsx';
import { useWords } from '../../preferences.tsx';
import { seatsText } from '../../seats.ts';

/** The policy that the change has pinned, and whom it still waits for. */
export function PolicyOf({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const { policy, missing, decisionStatus } = change;
  return (
    <section aria-labelledby="policy">
      <h2 id="policy">{words.policy.title}</h2>
      <PolicyRules policy={policy as PinnedPolicy} />
      {decisionStatus === 'pending' && missing.length > 0 && (
        <p>
          <strong>{words.policy.missing}</strong> {seatsText(words, missing)}
        </p>
      )}
    </section>
  );
}
