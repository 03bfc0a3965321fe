import type { NoticeKind } from '../../../domain/notice.ts';
import { fourEyes } from '../../../domain/four-eyes.ts';
import { caTarget } from '../../support/target.ts';
import { ToldChange } from '../told-change.ts';
import type { Step } from '../told-change.ts';

/** A change whose people are told of it, always the same. */
export interface NoticedChange {
  readonly name: string;
  /** What happens, and which notice it is, if it is one. */
  readonly steps: readonly (readonly [Step, NoticeKind | null])[];
  readonly told: ToldChange;
}

const input = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072 é' };
const always = { input, target: caTarget(input), digest: 'a'.repeat(64) };
const policy = {
  ...fourEyes,
  stages: [
    { name: 'one', groups: [{ group: null, threshold: 1 }] },
    { name: 'two', groups: [{ group: 'security', threshold: 2 }] },
  ],
  escalation: { afterMs: 3_600_000, group: 'duty' },
};

/** Changes of which every kind of notice is told. */
export function noticedChanges(): NoticedChange[] {
  return [
    {
      name: 'asked, reminded, escalated, done',
      steps: [
        ['requested', null],
        ['prechecked', 'awaiting_decision'],
        ['reminded', 'reminder'],
        ['escalated', 'escalated'],
        ['reminded', 'reminder'],
        ['approved', null],
        ['reminded', 'reminder'],
        ['scheduled', 'decided'],
        ['closed', 'closed'],
      ],
      told: new ToldChange({
        ...always,
        id: '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
        policy,
        justification: 'line 4 \u001b[2J "stands" ☃\u202e',
        ticket: { system: 'jira', id: 'OPS-4711', url: 'https://jira.example/browse/OPS-4711' },
      }),
    },
    {
      name: 'break-glass',
      steps: [
        ['requested', null],
        ['prechecked', 'awaiting_decision'],
        ['approved', null],
        ['scheduled', 'break_glass'],
        ['closed', 'closed'],
      ],
      told: new ToldChange({
        ...always,
        id: '1f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42',
        breakGlass: true,
        executeAfter: '2026-11-24T10:00:00.000Z',
      }),
    },
    {
      name: 'rejected',
      steps: [
        ['requested', null],
        ['prechecked', 'awaiting_decision'],
        ['rejected', null],
        ['closed as rejected', 'closed'],
      ],
      told: new ToldChange({ ...always, id: '2f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42' }),
    },
    {
      name: 'asked anew, and once more after a drift',
      steps: [
        ['requested', null],
        ['prechecked', 'awaiting_decision'],
        ['approved', null],
        ['scheduled', 'decided'],
        ['lapsed', 'awaiting_decision'],
        ['escalated', 'escalated'],
        ['approved', null],
        ['scheduled', 'decided'],
        ['drifted', null],
        ['prechecked again', 'awaiting_decision'],
      ],
      told: new ToldChange({ ...always, id: '3f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42', policy }),
    },
  ];
}
