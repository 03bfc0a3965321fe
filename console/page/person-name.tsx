import type { Person } from '../../domain/person.ts';
import { useWords } from './preferences.tsx';
import { Said } from './text.tsx';

/**
 * Who somebody is: the name is only shown, issuer and subject are the person; of a machine also who answers for it, and of
 * somebody in whose name a workflow asks, that workflow.
 */
export function PersonName({
  person,
}: {
  readonly person: Pick<Person, 'issuer' | 'subject' | 'name' | 'issuedBy' | 'vouchedBy'>;
}) {
  const words = useWords();
  const { name, subject, issuer, issuedBy, vouchedBy } = person;
  return (
    <>
      <Said text={name} />{' '}
      <span class="beside">
        (<Said text={subject} />, <Said text={issuer} />)
      </span>
      {issuedBy && (
        <span class="beside">
          {' '}
          {words.change.machineOf} <Said text={issuedBy.subject} /> (<Said text={issuedBy.issuer} />)
        </span>
      )}
      {vouchedBy && (
        <strong>
          {' '}
          {words.change.vouchedBy} <Said text={`${vouchedBy.type} ${vouchedBy.workflowId}`} />
        </strong>
      )}
    </>
  );
}
