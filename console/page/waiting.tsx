import { useWords } from './preferences.tsx';

/** The place of what is being fetched. */
export function Waiting() {
  const words = useWords();
  return (
    <div class="skeleton" aria-busy="true">
      <span class="unseen">{words.states.loading}</span>
      <div class="bar" />
      <div class="bar" />
      <div class="bar short" />
    </div>
  );
}
