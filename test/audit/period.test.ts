import { describe, expect, test } from 'vitest';
import { periodCsv } from '../../audit/period/csv.ts';
import { draftPeriod } from '../../audit/period/draft-period.ts';
import { periodHtml } from '../../audit/period/html.ts';
import { periodReportSchema } from '../../audit/period/period-report.ts';
import type { PeriodReport } from '../../audit/period/period-report.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { newEntryBody, personActor } from '../../domain/entry.ts';
import { byChannel } from '../../domain/channel.ts';
import { changeStory, person, withPolicies } from './change-story.ts';

const november = { from: Date.parse('2026-11-01T00:00:00Z'), to: Date.parse('2026-12-01T00:00:00Z') };
const bob = person('bob', 'approver');

function report(bodies: readonly EntryBody[], period = november): PeriodReport {
  const draft = draftPeriod(period);
  bodies.forEach((body, index) => draft.add(index, body));
  const { entries, ...drafted } = draft.end();
  const made: PeriodReport = {
    from: new Date(period.from).toISOString(),
    to: new Date(period.to).toISOString(),
    timeZone: 'UTC',
    log: { source: 'pack', name: 'log', entries },
    ...drafted,
    notProven: ['everything else'],
  };
  // Whatever comes out is of the schema.
  expect(periodReportSchema.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
  return made;
}

/** A change that succeeds in its second attempt. */
function succeeded(
  options: Parameters<typeof changeStory>[0] = {},
  more: { readonly by?: typeof bob; readonly host?: object } = {},
) {
  const story = changeStory({ began: '2026-11-24T09:00:00.000Z', ...options });
  const host = more.host === undefined ? {} : { host: more.host as { [member: string]: string } };
  const asked = story.requested(host);
  return {
    story,
    entries: [
      more.host === undefined ? story.attested(asked) : asked,
      story.prechecked(),
      story.approved(more.by ?? bob),
      story.scheduled(),
      story.started(1),
      story.ended('failed', 1),
      story.started(2),
      story.ended('succeeded', 2),
      story.closed(),
    ],
  };
}

const kindsOf = ({ exceptions }: PeriodReport) => exceptions.map(({ kind }) => kind);
const admin = (type: EntryBody['type'], more: { [member: string]: string } = {}) =>
  newEntryBody({
    type,
    time: '2026-11-20T00:00:00.000Z',
    actor: personActor(person('adam', 'admin')),
    ...more,
  });

test('a change with who asked, who agreed, its RequestIds and its end', () => {
  const { story, entries } = succeeded();
  const made = report(withPolicies(entries));
  const [failed, ended] = [entries[5], entries[7]].map(
    (body) => (body?.attempt as { requestId: string }).requestId,
  );
  expect(made.changes).toMatchObject([
    {
      id: story.changeId,
      operation: 'ActiveCaCertificate',
      requester: { subject: 'alice' },
      request: 'signed',
      decisions: [{ person: { subject: 'bob' }, decision: 'approve', channel: null }],
      decisionStatus: 'approved',
      executionStatus: 'succeeded',
      outcome: 'succeeded',
      requestIds: [failed, ended],
      attempts: 2,
      breakGlass: false,
    },
  ]);
  expect(made.figures).toMatchObject({
    changes: 1,
    submitted: 1,
    closed: 1,
    byDecision: { approved: 1 },
    byExecution: { succeeded: 1 },
    attempts: 2,
    approved: 1,
    medianWaitMs: 2000,
  });
  expect(kindsOf(made)).toEqual(['policy_pinned']);
});

describe('which changes are of the period', () => {
  const { story, entries } = succeeded();
  const all = withPolicies(entries);

  test('one that ended before is not, and nothing of it is told', () => {
    const later = { from: Date.parse('2026-11-25T00:00:00Z'), to: november.to };
    expect(report(all, later)).toMatchObject({ changes: [], exceptions: [], log: { entries: 0 } });
  });

  test('one that began before and ended in it is, whole', () => {
    const later = { from: Date.parse('2026-11-24T09:00:04Z'), to: november.to };
    const made = report(all, later);
    expect(made.changes).toMatchObject([
      { id: story.changeId, requester: { subject: 'alice' }, decisions: [{}] },
    ]);
    expect(made.figures).toMatchObject({ submitted: 0, closed: 1, approved: 0, medianWaitMs: null });
  });

  test('one that ends later stands as it was at the period’s end', () => {
    const earlier = { from: november.from, to: Date.parse('2026-11-24T09:00:04Z') };
    expect(report(all, earlier).changes).toMatchObject([{ executionStatus: 'scheduled', closedAt: null }]);
  });

  test('one whose beginning was not given is named', () => {
    const made = report(all.slice(5));
    expect(made.changes).toEqual([]);
    expect(made.exceptions).toMatchObject([{ kind: 'beginning_unknown', changeId: story.changeId }]);
  });
});

describe('what is to be looked at first', () => {
  test('break-glass, with its review', () => {
    const story = changeStory({ began: '2026-11-24T09:00:00.000Z', breakGlass: true });
    const asked = [story.attested(story.requested()), story.prechecked()];
    const owed = report(withPolicies(asked));
    expect(owed.exceptions.find(({ kind }) => kind === 'break_glass')).toMatchObject({
      changeId: story.changeId,
      message: expect.stringContaining('asked for by alice') as string,
    });
  });

  test('an outcome that nobody knows', () => {
    const { story, entries } = succeeded();
    const unknown = [
      ...entries.slice(0, 7),
      story.ended('unknown', 2),
      story.closed('approved', 'outcome_unknown'),
    ];
    expect(kindsOf(report(withPolicies(unknown)))).toContain('outcome_unknown');
  });

  test('an outcome that was reconciled', () => {
    const { story, entries } = succeeded();
    // Whatever the end says of it: whoever forged that would leave it out.
    const reconciled = [
      ...entries.slice(0, 7),
      story.entry('change.reconciled', { requestId: null }),
      story.closed(),
    ];
    expect(kindsOf(report(withPolicies(reconciled)))).toContain('reconciled');
    expect(kindsOf(report(withPolicies(entries)))).not.toContain('reconciled');
  });

  test('a request that nobody signed, and one that a host vouched for', () => {
    const host = { namespace: 'n', workflowId: 'order-7', runId: 'r', type: 'orders' };
    const unsigned = changeStory({ began: '2026-11-24T09:00:00.000Z' }).unsigned();
    const made = report(withPolicies([unsigned, ...succeeded({}, { host }).entries]));
    expect(made.changes.map(({ request }) => request)).toEqual(['unsigned', 'vouched']);
    expect(made.exceptions).toMatchObject([
      { kind: 'unsigned_request', changeId: unsigned.changeId },
      { kind: 'policy_pinned' },
      { kind: 'host_vouched', message: expect.stringContaining('orders order-7') as string },
    ]);
  });

  test('one person in two roles, over two changes', () => {
    const alice = person('alice', 'requester', 'approver');
    const one = succeeded().entries;
    expect(kindsOf(report(withPolicies(one)))).not.toContain('two_roles');
    const made = report(withPolicies([...one, ...succeeded({}, { by: alice }).entries]));
    expect(made.exceptions.find(({ kind }) => kind === 'two_roles')?.message).toBe(
      'alice (alice of http://127.0.0.1:1) acted as requester 2×, approver 1×',
    );
  });

  test('policies, keys, freezes and the log’s own troubles', () => {
    const types = [
      'policy.revoked',
      'key.rotated',
      'log.resumed',
      'freeze.overridden',
      'integrity.mismatch',
    ] as const;
    const made = report(types.map((type) => admin(type, { comment: 'because' })));
    expect(kindsOf(made)).toEqual([
      'integrity',
      'freeze_overridden',
      'log_resumed',
      'key_rotated',
      'policy_revoked',
    ]);
    expect(made.exceptions.at(-1)).toMatchObject({ index: 0, message: 'policy.revoked: by adam: because' });
  });
});

describe('as a file', () => {
  const hostile = '<script>alert(1)</script>\u202e=cmd|x';
  const channelled = { ...bob, authentication: byChannel('slack') };
  const bodies = withPolicies(succeeded({}, { by: channelled }).entries).map((body) =>
    body.type === 'change.requested' ? { ...body, label: hostile } : body,
  );
  const made = report(bodies);

  test('the page escapes everything, runs nothing and loads nothing', () => {
    const page = periodHtml(made, (time) => `at ${time}`);
    expect(page).not.toMatch(/<script|<img|<link|src=|href=|javascript:/i);
    expect(page).toContain('&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}');
    expect(page).toContain(`default-src 'none'`);
    for (const word of [
      'alice',
      'bob (bob) by slack',
      'at 2026-11-24T09:00:02.000Z',
      'To look at first',
      'everything else',
    ])
      expect(page).toContain(word);
    for (const id of made.changes[0]?.requestIds ?? []) expect(page).toContain(id);
  });

  test('the table has a line for each change, safe for a spreadsheet', () => {
    const [head, line, ...more] = [
      ...periodCsv({ ...made, changes: [{ ...made.changes[0], ticket: '=1+1' } as never] }),
    ];
    expect(more).toEqual([]);
    expect(head).toContain('changeId,submittedAt,operation');
    expect(line).toContain(`"'=1+1"`);
    expect(line).toContain('alice');
    expect(line?.endsWith('\r\n')).toBe(true);
  });
});
