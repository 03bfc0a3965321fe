import { describe, expect, test } from 'vitest';
import { statedActor } from '../../domain/entry.ts';
import type { EntryBody } from '../../domain/entry.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { changeStory, person } from './change-story.ts';
import type { ChangeStory } from './change-story.ts';
import { judged } from './judged.ts';

const eve = person('eve', 'requester', 'approver');
const olga = person('olga', 'operator');
const alice = person('alice', 'requester', 'approver');
const twoSeats = { ...fourEyes, stages: [{ name: 'approval', groups: [{ group: null, threshold: 2 }] }] };
const escalating = {
  ...fourEyes,
  escalation: { afterMs: 3_600_000, group: 'security' },
  groups: { security: { source: 'token' } },
} as const;
const before = (s: ChangeStory) => [s.requested(), s.prechecked()];
const approved = (s: ChangeStory) => [...before(s), s.approved(), s.scheduled()];
const succeeded = (s: ChangeStory) => [...approved(s), s.started(), s.ended('succeeded'), s.closed()];

/** An entry that comes later than in its story. */
const later = (body: EntryBody, ms: number): EntryBody => {
  const time = new Date(Date.parse(body.time) + ms).toISOString();
  return { ...body, time, ...(body.escalatedAt === undefined ? {} : { escalatedAt: time }) };
};

const cancelled = (s: ChangeStory, type: 'change.withdrawn' | 'change.abandoned') =>
  s.entry(type, { code: 'host_cancelled', host: { type: 'moveLine' } });

const driftedAfterCall = (s: ChangeStory): EntryBody[] => [
  ...approved(s),
  s.started(),
  s.ended('failed'),
  s.entry('change.drifted'),
  s.prechecked(2),
];

describe('what happens', () => {
  test.each<[string, (s: ChangeStory) => EntryBody[]]>([
    ['a success', succeeded],
    [
      'failed attempts before a success',
      (s) => [
        ...approved(s),
        s.started(1),
        s.ended('failed', 1),
        s.started(2),
        s.ended('unknown', 2),
        s.started(3),
        s.ended('succeeded', 3),
        s.closed(),
      ],
    ],
    ['a rejection', (s) => [...before(s), s.rejected(), s.closed('rejected', 'not_started')]],
    [
      'a refusal by the precheck',
      (s) => [s.requested(), s.entry('change.refused'), s.closed('refused', 'not_started')],
    ],
    [
      'nobody decides',
      () => {
        const s = changeStory({ policy: escalating });
        return [
          ...before(s),
          s.reminded(),
          later(s.escalated(), 3_600_000),
          s.expired(),
          s.closed('expired', 'not_started'),
        ];
      },
    ],
    [
      'a host that is cancelled while people are asked',
      (s) => [...before(s), cancelled(s, 'change.withdrawn'), s.closed('withdrawn', 'not_started')],
    ],
    [
      'a host that is cancelled after the approval',
      (s) => [...approved(s), cancelled(s, 'change.withdrawn'), s.closed('withdrawn', 'cancelled')],
    ],
    [
      'a host that is cancelled during the call',
      (s) => [
        ...approved(s),
        s.started(),
        cancelled(s, 'change.abandoned'),
        s.ended('failed'),
        s.closed('approved', 'failed'),
      ],
    ],
    [
      'a withdrawal before the target is read',
      (s) => [s.requested(), s.withdrawn(), s.closed('withdrawn', 'not_started')],
    ],
    [
      'an operator withdraws what is scheduled',
      (s) => [...approved(s), s.withdrawn(person('olga', 'operator')), s.closed('withdrawn', 'cancelled')],
    ],
    [
      'drift and a second round',
      (s) => [
        ...approved(s),
        s.entry('change.drifted'),
        s.prechecked(2),
        s.approved(person('bob', 'approver'), 2),
        s.scheduled(2),
        s.started(1, 2),
        s.ended('succeeded'),
        s.closed(),
      ],
    ],
    [
      'drift after a call, and nobody decides again',
      (s) => [...driftedAfterCall(s), s.expired(), s.closed('expired', 'failed')],
    ],
    [
      'drift after a call, abandoned before anybody decides again',
      (s) => [...driftedAfterCall(s), s.operator('abandon'), s.closed('withdrawn', 'failed', 'abandoned')],
    ],
    [
      'drift after a call, and the policy is revoked',
      (s) => [
        ...driftedAfterCall(s),
        s.revoked('change.abandoned'),
        s.closed('refused', 'failed', 'policy_revoked'),
      ],
    ],
    [
      'an operator pauses, resumes, retries and abandons',
      (s) => [
        ...approved(s),
        s.operator('pause'),
        s.operator('resume'),
        s.started(),
        s.ended('failed'),
        s.operator('retry'),
        s.operator('abandon'),
        s.closed('approved', 'failed'),
      ],
    ],
    [
      'a lost success that the target shows',
      (s) => [...approved(s), s.started(), s.ended('unknown'), s.entry('change.reconciled'), s.closed()],
    ],
    [
      'an answer that is recorded after the workflow was terminated',
      (s) => [
        ...approved(s),
        s.started(),
        s.closed('approved', 'outcome_unknown', 'workflow_ended'),
        s.ended('succeeded'),
      ],
    ],
    [
      'a pending change whose workflow is gone',
      (s) => [...before(s), s.closed('withdrawn', 'not_started', 'workflow_ended')],
    ],
    ['refusals at any time', (s) => [...succeeded(s), s.entry('decision.refused', { outcome: 'x' })]],
    ['an open change', approved],
    ['a submission that the API signed', (s) => [s.attested(s.requested()), ...succeeded(s).slice(1)]],
    [
      'a standard change, which nobody approves',
      () => {
        const s = changeStory({ policy: { ...fourEyes, standard: true, stages: [] } });
        return [
          s.attested(s.requested()),
          s.prechecked(),
          s.scheduled(),
          s.started(),
          s.ended('succeeded'),
          s.closed(),
        ];
      },
    ],
    [
      'a withdrawal after an attempt that never left',
      (s) => [
        ...approved(s),
        s.started(),
        s.entry('attempt.failed', { attempt: { ordinal: 1, code: 'not_sent' } }),
        s.entry('change.held'),
        s.withdrawn(),
        s.closed('withdrawn', 'cancelled'),
      ],
    ],
    [
      'a takeover by a break-glass change',
      (s) => [...approved(s), s.takenOver(), s.closed('withdrawn', 'cancelled', 'taken_over')],
    ],
    [
      'a revoked policy, before the call and after it',
      (s) => [
        ...approved(s),
        s.revoked('change.refused'),
        s.closed('refused', 'cancelled', 'policy_revoked'),
      ],
    ],
    [
      'a revoked policy during the call',
      (s) => [
        ...approved(s),
        s.started(),
        s.revoked('change.abandoned'),
        s.ended('failed'),
        s.closed('approved', 'failed'),
      ],
    ],
    [
      'a review of a break-glass change',
      () => {
        const s = changeStory({ breakGlass: true });
        return [...succeeded(s), s.reviewed()];
      },
    ],
    [
      'an orphan whose worker was lost before it could send its attempt',
      (s) => [
        ...approved(s),
        s.started(),
        s.closed('approved', 'cancelled', 'workflow_ended'),
        s.ended('failed', 1, 'not_sent'),
      ],
    ],
    [
      'a pause that is heard when people are asked again',
      (s) => [...approved(s), s.entry('change.drifted'), s.operator('pause'), s.prechecked(2)],
    ],
    [
      'approvals that lapse, and others in their place',
      (s) => [
        ...approved(s),
        s.lapsed('bob'),
        s.approved(eve),
        s.scheduled(),
        s.started(),
        s.ended('succeeded'),
        s.closed(),
      ],
    ],
  ])('%s is logical', (_name, story) => {
    expect(judged(story(changeStory()))).toEqual([]);
  });
});

const renamed = (body: EntryBody, name: string) => ({ ...body, actor: { ...body.actor, name } });

describe('what could not have happened', () => {
  test.each<[string, string[], (s: ChangeStory) => EntryBody[]]>([
    ['a change that nobody asked for', ['not_requested'], (s) => succeeded(s).slice(1)],
    ['asked for twice', ['requested_twice'], (s) => [...before(s), s.requested()]],
    ['closed twice', ['closed_twice'], (s) => [...succeeded(s), s.closed()]],
    [
      'an attempt after the end',
      ['after_close', 'attempt_out_of_order'],
      (s) => [...succeeded(s), s.started(3)],
    ],
    [
      'an attempt without approval',
      ['attempt_without_approval'],
      (s) => [...before(s), s.started(), s.ended('succeeded')],
    ],
    [
      'an attempt after drift without a new approval',
      ['attempt_without_approval'],
      (s) => [...approved(s), s.entry('change.drifted'), s.prechecked(2), s.started(1, 2)],
    ],
    [
      'an attempt under another digest',
      ['digest_differs'],
      (s) => [
        ...approved(s),
        s.entry('attempt.started', { attempt: { ordinal: 1 }, digest: 'e'.repeat(64) }),
      ],
    ],
    [
      'an attempt after execute-by',
      ['attempt_out_of_time'],
      (s) => [
        ...approved(s),
        s.entry('attempt.started', { attempt: { ordinal: 1 }, time: '2026-11-26T09:00:00.000Z' }),
      ],
    ],
    [
      'an attempt after one that had succeeded',
      ['attempt_out_of_order'],
      (s) => [...approved(s), s.started(), s.ended('succeeded'), s.started(2)],
    ],
    ['an attempt left out', ['attempt_out_of_order'], (s) => [...approved(s), s.started(2)]],
    ['an answer without an attempt', ['attempt_not_started'], (s) => [...approved(s), s.ended('failed')]],
    [
      'two answers to one attempt',
      ['attempt_ended_twice'],
      (s) => [...approved(s), s.started(), s.ended('failed'), s.ended('succeeded')],
    ],
    [
      'scheduled by nobody’s approval',
      ['scheduled_without_approval'],
      (s) => [...before(s), s.scheduled(), s.started()],
    ],
    [
      'a standard change that nobody is known to have asked for',
      ['statement_missing', 'scheduled_without_approval'],
      () => {
        const s = changeStory({ policy: { ...fourEyes, standard: true, stages: [] } });
        return [s.unsigned(), s.prechecked(), s.scheduled(), s.started()];
      },
    ],
    [
      'a submission that was signed of something else',
      ['statement_differs'],
      (s) => [s.attested(s.requested(), { digest: 'e'.repeat(64) })],
    ],
    [
      'scheduled with one approval of two',
      ['scheduled_without_approval'],
      () => approved(changeStory({ policy: twoSeats })),
    ],
    [
      'the requester approves',
      ['decision_not_allowed', 'decision_not_allowed'],
      (s) => [...before(s), s.approved(alice), s.rejected(alice)],
    ],
    [
      'somebody without the role approves',
      ['decision_not_allowed'],
      (s) => [...before(s), s.approved(person('dave', 'auditor'))],
    ],
    ['approved before there was a digest', ['decision_not_awaited'], (s) => [s.requested(), s.approved()]],
    [
      'approved after the rejection',
      ['decision_not_allowed'],
      (s) => [...before(s), s.rejected(), s.approved(eve)],
    ],
    [
      'approved after decide-by',
      ['decision_not_allowed'],
      () => {
        const s = changeStory({ decideBy: '2026-11-24T08:00:00.000Z' });
        return [...before(s), s.approved()];
      },
    ],
    ['approved twice by one', ['decision_not_awaited'], (s) => [...before(s), s.approved(), s.approved()]],
    [
      'approved by nobody',
      ['statement_missing'],
      (s) => [...before(s), { ...s.approved(), statement: null }],
    ],
    [
      'approved by another than the entry says',
      ['statement_differs'],
      (s) => [...before(s), { ...s.approved(), actor: s.approved(eve).actor }],
    ],
    [
      'approved under another name than was signed',
      ['statement_differs'],
      (s) => [...before(s), renamed(s.approved(), 'Carol')],
    ],
    [
      'an approval of another change',
      ['statement_differs'],
      (s) => [
        ...before(s),
        { ...changeStory().approved(), changeId: s.changeId, target: s.requested().target },
      ],
    ],
    [
      'a digest of something else',
      ['digest_differs'],
      (s) => [s.requested(), { ...s.prechecked(), snapshot: { status: 'active' } }],
    ],
    ...Object.entries({
      input: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-test00001', sn: 'SN-2' },
      target: 'cn-hangzhou/post-cn-test00001/SN-2',
      scope: { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-test00001', sn: 'SN-2' },
      label: 'a harmless certificate',
      justification: 'all have agreed',
      ticket: { system: 'jira', id: 'CHG-1', url: null },
      breakGlass: true,
      decideBy: '2026-12-24T09:00:00.000Z',
      executeAfter: '2026-11-25T09:00:00.000Z',
      executeBy: '2026-11-25T09:00:00.000Z',
      executeWithinMs: 1000,
    }).map(([member, value]): [string, string[], (s: ChangeStory) => EntryBody[]] => [
      `a digest of another ${member} than was asked for`,
      ['digest_differs'],
      (s) => [
        s.requested({ [member]: value }),
        { ...s.prechecked(), ...(member === 'target' ? { target: value as string } : {}) },
      ],
    ]),
    ...(['name', 'version', 'digest'] as const).map(
      (member): [string, string[], (s: ChangeStory) => EntryBody[]] => [
        `an entry that tells of another policy by its ${member}`,
        ['policy_differs'],
        (s) => {
          const { name, version, digest } = fourEyes;
          return [s.requested(), { ...s.prechecked(), policy: { name, version, digest, [member]: 'other' } }];
        },
      ],
    ),
    ['a round left out', ['round_out_of_order'], (s) => [s.requested(), s.prechecked(2)]],
    [
      'withdrawn after the call',
      ['withdrawn_after_call'],
      (s) => [...approved(s), s.started(), s.ended('failed'), s.withdrawn()],
    ],
    [
      'a word to withdraw after the call',
      ['withdrawn_after_call'],
      (s) => [...approved(s), s.started(), s.ended('failed'), s.stop('withdraw')],
    ],
    [
      'called after it was abandoned',
      ['called_after_stop'],
      (s) => [...approved(s), s.started(), s.stop('abandon'), s.operator('abandon'), s.ended('succeeded')],
    ],
    [
      'called again after it was abandoned during a call',
      ['called_after_stop'],
      (s) => [
        ...approved(s),
        ...[s.started(), s.stop('abandon', 1, 1), s.ended('failed')],
        ...[s.started(2), s.ended('unknown', 2)],
      ],
    ],
    [
      'called while it was paused',
      ['called_after_stop'],
      (s) => [...approved(s), s.stop('pause'), s.started(), s.ended('succeeded')],
    ],
    [
      'words after the final one',
      ['stop_out_of_order', 'stop_out_of_order'],
      (s) => [...approved(s), s.stop('abandon'), s.stop('pause', 2), s.stop('resume', 3)],
    ],
    ['a word left out', ['stop_out_of_order'], (s) => [...approved(s), s.stop('abandon', 2)]],
    [
      'a word to go on that is brought again after another pause',
      ['statement_repeated'],
      (s) => {
        const [paused, resumed] = [s.stop('pause'), s.stop('resume', 2)];
        const again = { ...resumed, stop: { ordinal: 4, word: 'resume', callUnderWay: null } };
        return [...approved(s), paused, resumed, s.stop('pause', 3), again];
      },
    ],
    [
      'a word to stop without what the person said',
      ['statement_missing'],
      (s) => [...approved(s), { ...s.stop('abandon'), statement: null }],
    ],
    [
      'withdrawn by somebody else',
      ['not_by_operator'],
      (s) => [...before(s), s.withdrawn(person('erin', 'requester'))],
    ],
    [
      'a word to stop by no operator',
      ['not_by_operator'],
      (s) => [...approved(s), s.stop('pause', 1, null, person('bob', 'approver'))],
    ],
    [
      'approved under another name',
      ['statement_differs'],
      (s) => [...before(s), { ...s.approved(), actor: { ...s.approved().actor, name: 'Carol' } }],
    ],
    ['paused before approval', ['not_approved'], (s) => [...before(s), s.operator('pause')]],
    [
      'abandoned after a drift, and closed as if nobody had said so',
      ['closed_otherwise'],
      (s) => [...driftedAfterCall(s), s.operator('abandon'), s.closed('expired', 'failed', 'abandoned')],
    ],
    [
      'abandoned by no operator',
      ['not_by_operator'],
      (s) => [...approved(s), s.operator('abandon', person('bob', 'approver'))],
    ],
    [
      'refused by somebody who revokes and is no admin',
      ['not_pending'],
      (s) => [...approved(s), s.revoked('change.refused', eve)],
    ],
    ['a review before the end', ['review_not_allowed'], (s) => [...approved(s), s.reviewed()]],
    ['a review that was not owed', ['review_not_allowed'], (s) => [...succeeded(s), s.reviewed()]],
    [
      'a review by the approver, and by somebody without a role',
      ['review_not_allowed', 'review_not_allowed'],
      () => {
        const s = changeStory({ breakGlass: true });
        const reviewers = [person('bob', 'approver'), person('erin', 'requester')];
        return [...succeeded(s), ...reviewers.map((by) => s.reviewed(by))];
      },
    ],
    [
      'a second review',
      ['review_not_allowed'],
      () => {
        const s = changeStory({ breakGlass: true });
        return [...succeeded(s), s.reviewed(), s.reviewed(person('olga', 'operator'))];
      },
    ],
    [
      'the target read after a withdrawal',
      ['out_of_order'],
      (s) => [s.requested(), s.withdrawn(), s.prechecked()],
    ],
    [
      'the target read after the end',
      ['after_close'],
      (s) => [s.requested(), s.withdrawn(), s.closed('withdrawn', 'not_started'), s.prechecked()],
    ],
    [
      'drift of what was abandoned',
      ['out_of_order'],
      (s) => [
        ...approved(s),
        s.started(),
        s.ended('failed'),
        s.operator('abandon'),
        s.entry('change.drifted'),
      ],
    ],
    ['shown twice in one round', ['round_out_of_order'], (s) => [...before(s), s.prechecked(2)]],
    ['scheduled twice', ['not_pending'], (s) => [...approved(s), s.scheduled()]],
    ['withdrawn twice', ['out_of_order'], (s) => [...before(s), s.withdrawn(), s.withdrawn(eve)]],
    [
      'paused after a withdrawal',
      ['out_of_order'],
      (s) => [...approved(s), s.withdrawn(), s.operator('pause')],
    ],
    [
      'called while the pause was heard',
      ['out_of_order'],
      (s) => [...approved(s), s.operator('pause'), s.started()],
    ],
    ['held before approval', ['not_approved'], (s) => [...before(s), s.entry('change.held')]],
    ['escalated after approval', ['not_pending'], (s) => [...approved(s), s.escalated()]],
    [
      'escalated long before its time, to another group, and from another time on',
      ['escalation_not_due', 'escalation_not_due', 'escalation_not_due'],
      () => {
        const s = changeStory({ policy: escalating });
        const due = () => later(s.escalated(), 3_600_000);
        const other = { ...due(), group: 'other' };
        const never = { ...due(), escalatedAt: s.requested().time };
        return [...before(s), s.escalated(), other, never];
      },
    ],
    [
      'escalated under a policy that escalates to nobody',
      ['escalation_not_due'],
      (s) => [...before(s), s.escalated()],
    ],
    ['reminded after approval', ['not_pending'], (s) => [...approved(s), s.reminded()]],
    ['reminded before the target is read', ['out_of_order'], (s) => [s.requested(), s.reminded()]],
    ['refused by the precheck after it', ['out_of_order'], (s) => [...before(s), s.entry('change.refused')]],
    [
      'expired while people might decide',
      ['expired_early'],
      (s) => [...before(s), { ...s.expired(), time: '2026-12-01T08:54:00.000Z' }],
    ],
    ...(['change.prechecked', 'decision.approved', 'attempt.started', 'change.closed'] as const).flatMap(
      (type) =>
        [
          { target: 'cn-hangzhou/post-cn-test00001/SN-2' },
          { operation: 'DeleteCaCertificate' },
          { target: null },
        ].map((other): [string, string[], (s: ChangeStory) => EntryBody[]] => [
          `${type} of ${JSON.stringify(other)}`,
          ['operation_differs'],
          (s) => succeeded(s).map((body) => (body.type === type ? { ...body, ...other } : body)),
        ]),
    ),
    ...(
      [
        [
          'change.paused',
          (s: ChangeStory, at: string) =>
            s.spoken('change.paused', olga, 'execution', 'pause', { digest: null, at }),
        ],
        [
          'change.withdrawn',
          (s: ChangeStory, at: string) =>
            s.spoken('change.withdrawn', olga, 'withdrawal', 'withdraw', { digest: null, at }),
        ],
      ] as const
    ).map(([type, word]): [string, string[], (s: ChangeStory) => EntryBody[]] => [
      `${type} that was said later`,
      ['statement_differs'],
      (s) => [...approved(s), word(s, '2026-11-24T09:06:00.000Z')],
    ]),
    ...['2026-11-24T09:06:00.000Z', '2026-11-24T08:54:00.000Z'].map(
      (at): [string, string[], (s: ChangeStory) => EntryBody[]] => [
        `a word to stop that was said at ${at}`,
        ['statement_differs'],
        (s) => [
          ...approved(s),
          s.spoken('stop.requested', olga, 'execution', 'pause', {
            ...{ digest: null, at },
            members: { stop: { ordinal: 1, word: 'pause', callUnderWay: null } },
          }),
        ],
      ],
    ),
    [
      'refused by the precheck after the approval',
      ['out_of_order'],
      (s) => [...approved(s), s.entry('change.refused')],
    ],
    [
      'refused by a person without what they said',
      ['statement_missing'],
      (s) => [s.requested(), s.entry('change.refused', {}, statedActor(person('adam', 'admin')))],
    ],
    [
      'refused before it by somebody who revokes and is no admin',
      ['not_pending'],
      (s) => [s.requested(), s.revoked('change.refused', eve)],
    ],
    [
      'a lapse before approval, and after a call',
      ['not_approved', 'not_approved'],
      (s) => [
        ...before(s),
        s.lapsed('bob'),
        s.approved(),
        s.scheduled(),
        s.started(),
        s.ended('failed'),
        s.lapsed('bob'),
      ],
    ],
    [
      'a call that is told of without an attempt',
      ['attempt_not_started'],
      (s) => [...approved(s), s.entry('change.held', { called: true })],
    ],
    [
      'scheduled for longer than was asked for',
      ['attempt_out_of_time'],
      (s) => [...before(s), s.approved(), { ...s.scheduled(), executeBy: '2026-12-24T09:00:00.000Z' }],
    ],
    [
      'a decision that was said after its entry',
      ['statement_differs'],
      (s) => {
        const late = { digest: s.digestOf(1), at: '2026-11-24T10:00:00.000Z' };
        return [...before(s), s.spoken('decision.approved', eve, 'decision', 'approve', late)];
      },
    ],
    [
      'a decision of nobody taken back',
      ['decision_not_allowed'],
      (s) => [...before(s), s.spoken('decision.withdrawn', eve, 'decision_withdrawal', 'withdraw')],
    ],
    [
      'a withdrawal as a takeover, and an abandonment as a revocation, that nobody has said so',
      ['statement_differs', 'statement_differs'],
      (s) => [
        ...approved(s),
        { ...s.operator('abandon'), code: 'policy_revoked' },
        { ...s.withdrawn(), code: 'taken_over' },
      ],
    ],
    [
      'sent after an orphan was closed as never called',
      ['called_after_stop'],
      (s) => [
        ...approved(s),
        s.started(),
        s.closed('approved', 'cancelled', 'workflow_ended'),
        s.ended('succeeded'),
      ],
    ],
    [
      'a withdrawn change that is closed as never started after its approval',
      ['closed_otherwise'],
      (s) => [...approved(s), s.withdrawn(), s.closed('withdrawn', 'not_started')],
    ],
    [
      'closed as failed after a success',
      ['closed_otherwise'],
      (s) => [...approved(s), s.started(), s.ended('succeeded'), s.closed('approved', 'failed')],
    ],
    [
      'closed as of an unknown outcome after a success',
      ['closed_otherwise'],
      (s) => [...approved(s), s.started(), s.ended('succeeded'), s.closed('approved', 'outcome_unknown')],
    ],
    [
      'closed as never called after a call and a drift',
      ['closed_otherwise'],
      (s) => [...driftedAfterCall(s), s.expired(), s.closed('expired', 'not_started')],
    ],
    [
      'closed as failed before it was approved',
      ['closed_otherwise'],
      (s) => [...before(s), s.expired(), s.closed('expired', 'failed')],
    ],
    [
      'sent after an orphan was closed as never started',
      ['called_after_stop'],
      (s) => [
        ...[...approved(s), s.started(), s.entry('change.drifted')],
        ...[s.closed('withdrawn', 'not_started', 'workflow_ended'), s.ended('succeeded')],
      ],
    ],
    ['expired after approval', ['not_pending'], (s) => [...approved(s), s.expired()]],
    ['drift of what is pending', ['not_approved'], (s) => [...before(s), s.entry('change.drifted')]],
    ['success without an attempt', ['closed_otherwise'], (s) => [...approved(s), s.closed()]],
    [
      'success after failed attempts',
      ['closed_otherwise'],
      (s) => [...approved(s), s.started(), s.ended('failed'), s.closed()],
    ],
    [
      'cancelled after a call',
      ['closed_otherwise'],
      (s) => [...approved(s), s.started(), s.ended('failed'), s.closed('approved', 'cancelled')],
    ],
    [
      'closed as approved while pending',
      ['closed_otherwise'],
      (s) => [...before(s), s.closed('approved', 'failed')],
    ],
  ])('%s', (_name, codes, story) => {
    const found = judged(story(changeStory()));
    expect(found.slice(0, codes.length)).toEqual(codes);
  });

  test('of a change that began before what is looked at, its past is not judged', () => {
    const story = changeStory();
    expect(judged(succeeded(story).slice(3), false)).toEqual([]);
    expect(judged([...succeeded(story).slice(3), story.closed()], false)).toEqual(['closed_twice']);
  });
});
