import { useState } from 'preact/hooks';
import { roles } from '../../../domain/person.ts';
import type { Me as MeAnswer } from '../answers.ts';
import { Fact, Facts } from '../facts.tsx';
import { Failed } from '../failed.tsx';
import { Fetched } from '../fetched.tsx';
import { LanguageChoice } from '../language-choice.tsx';
import { useMe } from '../me.ts';
import { Moment } from '../moment.tsx';
import { useFormats, usePreferences, useWords } from '../preferences.tsx';
import { logOut, useSession } from '../session.ts';
import { Code, Said } from '../text.tsx';
import { useTitle } from '../title.ts';

/** Who the person is here, and how the page tells them things. */
export function Me() {
  const words = useWords();
  const say = words.me;
  useTitle(say.title);
  return (
    <>
      <h1>{say.title}</h1>
      <section>
        <Fetched query={useMe()}>{(me) => <Who me={me} />}</Fetched>
      </section>
      <SessionOf />
      <Zone />
      <section>
        <h2>{say.language}</h2>
        <LanguageChoice />
      </section>
    </>
  );
}

function Who({ me }: { readonly me: MeAnswer }) {
  const words = useWords();
  const say = words.me;
  const { name, subject, issuer, groups, authentication, policyGroups, leftOut, roleValues } = me;
  return (
    <Facts>
      <Fact name={say.name}>
        <Said text={name} />
      </Fact>
      <Fact name={say.account}>
        <Said text={subject} />, <Said text={issuer} />
      </Fact>
      <Fact name={say.roles}>
        {me.roles.length === 0
          ? words.states.none
          : roles
              .filter((role) => me.roles.includes(role))
              .map((role) => say.roleNames[role])
              .join(', ')}
      </Fact>
      <Fact name={say.groups}>
        {groups.length === 0 ? words.states.none : <Said text={groups.join(', ')} />}
      </Fact>
      <Fact name={say.policyGroups}>
        {policyGroups.length === 0 ? (
          words.states.none
        ) : (
          <Said
            text={policyGroups.map((group) => `${group.name} (${say.sources[group.source]})`).join(', ')}
          />
        )}
      </Fact>
      <Fact name={say.login}>
        {authentication.methods.length === 0 ? (
          words.change.notTold
        ) : (
          <Said text={authentication.methods.join(', ')} />
        )}
        {authentication.at !== null && (
          <>
            {' · '}
            <Moment at={authentication.at} />
          </>
        )}
      </Fact>
      {leftOut.length > 0 && (
        <Fact name={say.leftOut}>
          <Code text={leftOut.join(', ')} />
        </Fact>
      )}
      <Fact name={say.roleValues}>
        <Code text={roleValues.claim} />
        <ul>
          {roles.map((role) => (
            <li key={role}>
              {say.roleNames[role]}: <Said text={roleValues.values[role].join(', ')} />
            </li>
          ))}
        </ul>
      </Fact>
    </Facts>
  );
}

function SessionOf() {
  const words = useWords();
  const { data: session } = useSession();
  const [error, setError] = useState<unknown>(null);
  const leave = () => {
    logOut().then(
      (next) => location.assign(next),
      (failed: unknown) => setError(failed),
    );
  };
  return (
    <section>
      <h2>{words.me.session}</h2>
      {session && (
        <p>
          {words.me.endsAt} <Moment at={session.endsAt} />
        </p>
      )}
      {error !== null && <Failed error={error} />}
      <p>
        <button type="button" onClick={leave}>
          {words.login.out}
        </button>
      </p>
    </section>
  );
}

function Zone() {
  const words = useWords();
  const formats = useFormats();
  const { zone, setZone } = usePreferences();
  return (
    <section>
      <h2>{words.me.zone}</h2>
      <p>{words.me.zoneIs(formats.zoneName)}</p>
      <p class="choice">
        {(['local', 'utc'] as const).map((one) => (
          <button
            key={one}
            type="button"
            class="plain"
            aria-pressed={zone === one}
            onClick={() => setZone(one)}
          >
            {words.me.zones[one]}
          </button>
        ))}
      </p>
    </section>
  );
}
