import type { ChangeView } from '../../answers.ts';
import { Fact, Facts } from '../../facts.tsx';
import { Moment } from '../../moment.tsx';
import { PersonName } from '../../person-name.tsx';
import { useFormats, useWords } from '../../preferences.tsx';
import { shownJson } from '../../../../domain/shown-text.ts';
import type { Person } from '../../../../domain/person.ts';
import { useOperations } from '../../queries.ts';
import { Code, Said } from '../../text.tsx';
import { labelOf } from '../new-change/input-fields.ts';

/** What is asked: every member of it that the digest is made of. */
export function Asked({ change }: { readonly change: ChangeView }) {
  const words = useWords();
  const formats = useFormats();
  const { operation, operationVersion, inputSchemaDigest, target, input, requester, justification } = change;
  const { ticket, breakGlass, decideBy, executeAfter, asked } = change;
  const say = words.change;
  const schema = useInputSchema(change);
  return (
    <section aria-labelledby="asked">
      <h2 id="asked">{say.asked}</h2>
      {breakGlass && <p class="block bad">{say.breakGlassMeans}</p>}
      <Facts>
        <Fact name={say.operation}>
          <Code text={operation} />
        </Fact>
        <Fact name={say.target}>
          <Said text={target.label} />
        </Fact>
        {Object.entries(input).map(([member, value]) => (
          <Fact key={member} name={labelOf(schema, member)} member={member}>
            <Code text={typeof value === 'string' ? value : shownJson(value)} />
          </Fact>
        ))}
        <Fact name={say.justification}>
          <Said text={justification} lines />
        </Fact>
        <Fact name={say.requester}>
          <PersonName person={requester as Person} />
        </Fact>
        <Fact name={say.ticket}>
          {ticket === null ? (
            say.none
          ) : (
            <>
              <Said text={`${ticket.system} ${ticket.id}`} />
              {ticket.url !== null && (
                <>
                  {' '}
                  <Code text={ticket.url} />
                </>
              )}
            </>
          )}
        </Fact>
        <Fact name={say.decideBy}>
          <Moment at={decideBy} />
        </Fact>
        <Fact name={say.executeAfter}>
          {executeAfter === null ? say.atOnce : <Moment at={executeAfter} />}
        </Fact>
        <Fact name={say.executeBy}>
          {asked.executeBy === null ? (
            say.executeWithin(formats.duration(asked.executeWithinMs))
          ) : (
            <Moment at={asked.executeBy} />
          )}
          {asked.executeBy === null && change.executeBy !== null && (
            <>
              : <Moment at={change.executeBy} />
            </>
          )}
        </Fact>
      </Facts>
      <details>
        <summary>{say.more}</summary>
        <Facts>
          <Fact name={say.targetId}>
            <Code text={target.id} />
          </Fact>
          {Object.entries(target.scope).map(([member, value]) => (
            <Fact key={member} name={`scope.${member}`}>
              <Code text={value} />
            </Fact>
          ))}
          <Fact name={say.operationVersion}>
            <Code text={operationVersion} />
          </Fact>
          <Fact name={say.inputSchema}>
            <Code text={inputSchemaDigest} />
          </Fact>
          <Fact name={say.requesterRoles}>
            <Said text={requester.roles.join(', ')} />
          </Fact>
          <Fact name={say.requesterGroups}>
            {requester.groups.length === 0 ? say.none : <Said text={requester.groups.join(', ')} />}
          </Fact>
          <Fact name={say.requesterLogin}>
            {requester.authentication.methods.length === 0 && requester.authentication.at === null ? (
              say.notTold
            ) : (
              <>
                <Said text={requester.authentication.methods.join(', ')} />{' '}
                {requester.authentication.at !== null && <Moment at={requester.authentication.at} />}
              </>
            )}
          </Fact>
          <Fact name={say.id}>
            <Code text={change.id} />
          </Fact>
        </Facts>
      </details>
    </section>
  );
}

/**
 * The schema that the change has pinned, for what it calls the input's members: words that the digest covers by their hash
 * alone, so each member's own name stands beside. An empty one while nothing tells of it.
 */
function useInputSchema({ operation, inputSchemaDigest }: ChangeView): Readonly<Record<string, unknown>> {
  const pinned = useOperations().data?.items.find(
    (one) => one.name === operation && one.inputSchemaDigest === inputSchemaDigest,
  );
  return pinned?.input ?? {};
}
