import { expect, test } from 'vitest';
import { httpStatusOfCode } from '../../../domain/error.ts';
import type { ErrorCode } from '../../../domain/error.ts';
import { blocksFault, viewFault } from '../../../simulator/slack/block-rules.ts';
import { missingText, standingOf, timeLeft } from '../../../tickets/slack/change-text.ts';
import { messageOf, reminderMessage } from '../../../tickets/slack/message.ts';
import { modalOf } from '../../../tickets/slack/modal.ts';
import { recordedAnswer, refusalText, refusedAnswer } from '../../../tickets/slack/person-text.ts';
import { questionOf } from '../../../tickets/slack/question.ts';
import { slackDate, slackLink, slackText } from '../../../tickets/slack/slack-text.ts';
import { faultOfSlack } from '../../../tickets/slack/web-api.ts';
import { changeStory, person } from '../../audit/change-story.ts';
import { policyWith } from '../../support/policy.ts';
import { awaiting, buttonsOf, changeOf, textIn, toTheEnd } from './slack-testbed.ts';

test.each([
  ['plain', 'plain'],
  ['<!channel> & <@U1>', '&lt;!channel&gt; &amp; &lt;@U1&gt;'],
  ['&lt;!here&gt;', '&amp;lt;!here&amp;gt;'],
  ['a\u202Eb\u0007', 'a\\u{202e}b\\u{7}'],
  ['two\r\nlines', 'two\nlines'],
])('%j is shown to Slack as %j', (text, shown) => {
  expect(slackText(text, 100)).toBe(shown);
});

test.each([
  ['<<<<<<', 24, '&lt;&lt;&lt;&lt;&lt;&lt;'],
  ['<<<<<<', 23, '&lt;&lt;&lt;&lt;&lt;…'],
  ['<<<<<<', 6, '&lt;…'],
  ['abc', 2, 'a…'],
  ['😀😀', 3, '😀…'],
])('%j in at most %i is %j', (text, most, shown) => {
  expect(slackText(text, most)).toBe(shown);
});

test.each([
  ['https://a.example/x?a=1&b=2', '<https://a.example/x?a=1&amp;b=2|Open>'],
  ['https://a.example/x>y|z', null],
  ['javascript:alert(1)', null],
  ['no address', null],
])('a link to %s', (url, link) => {
  expect(slackLink(url, 'Open')).toBe(link);
});

test('a moment is shown in each reader’s own time', () => {
  expect(slackDate('2026-11-30T08:00:00.000Z')).toBe(
    '<!date^1796025600^{date_short_pretty} {time}|2026-11-30T08:00Z>',
  );
});

test.each([
  [0, 'no time left'],
  [59_999, '0 min left'],
  [90 * 60_000, '1 h 30 min left'],
  [86_400_000 * 6 + 3_600_000 * 23, '6 d 23 h left'],
])('%i ms from now: %s', (ms, text) => {
  expect(timeLeft(1000, 1000 + ms)).toBe(text);
});

test.each([
  [[{ stage: 'a', group: null, seats: 1, alsoFrom: [] }], '1 of any approver'],
  [[{ stage: 'a', group: 'operations', seats: 2, alsoFrom: ['security'] }], '2 of operations or security'],
  [
    [
      { stage: 'a', group: 'operations', seats: 1, alsoFrom: [] },
      { stage: 'b', group: 'security', seats: 1, alsoFrom: [] },
    ],
    '1 of operations; then 1 more stage',
  ],
])('who is missing: %j', (missing, text) => {
  expect(missingText(missing)).toBe(text);
});

const { story, entries } = awaiting();
const end = toTheEnd(story);

test.each([
  ['asked for', [entries[0]], 'Being checked', false],
  ['awaiting', entries, 'Approval needed', true],
  ['approved', [...entries, ...end.slice(0, 2)], 'Approved', false],
  ['running', [...entries, ...end.slice(0, 3)], 'Running', false],
  ['done', [...entries, ...end], 'Done', false],
  ['rejected', [...entries, story.rejected()], 'Rejected', false],
  ['withdrawn', [...entries, story.withdrawn()], 'Withdrawn', false],
])('%s: the message says so, and whether there are buttons', (_what, told, standing, asks) => {
  const change = changeOf(told.filter((entry) => entry !== undefined));
  expect(standingOf(change)).toBe(standing);
  const message = messageOf({
    change,
    subscription: 's',
    presented: null,
    link: null,
    choices: ['approve', 'reject'],
    now: null,
  });
  expect(buttonsOf(message).length > 0).toBe(asks);
  expect(questionOf(change) !== null).toBe(asks);
  expect(blocksFault(message.blocks, 50)).toBeNull();
});

test('a reminder says of what, who is missing and until when, as Slack takes it, however long the words are', () => {
  const change = changeOf(entries);
  const now = Date.parse(change.decideBy) - 86_400_000;
  const text = textIn(reminderMessage({ change, link: 'https://countersign.example/c', now }).blocks);
  for (const part of [
    change.target.label,
    '1 of any approver',
    '1 d 0 h left',
    '<https://countersign.example/c|',
  ]) {
    expect(text).toContain(part);
  }
  const long = { ...change, target: { ...change.target, label: '<'.repeat(2000) } };
  const missing = Array.from({ length: 100 }, () => ({
    stage: 's',
    group: '<'.repeat(500),
    seats: 1,
    alsoFrom: [],
  }));
  const message = reminderMessage({ change: { ...long, missing }, link: null, now });
  expect(blocksFault(message.blocks, 50)).toBeNull();
  expect(message.text.length).toBeLessThanOrEqual(300);
});

test('the message says what is asked, by whom, of which target, under which policy, who is missing and until when', () => {
  const change = { ...changeOf(entries), ticket: { system: 'jira', id: 'OPS-4711', url: null } };
  const now = Date.parse(change.decideBy) - 86_400_000;
  const link = 'https://countersign.example/c';
  const message = messageOf({
    change,
    subscription: 's',
    presented: null,
    link,
    choices: ['approve', 'reject'],
    now,
  });
  const text = textIn(message.blocks);
  for (const part of [
    'ActiveCaCertificate',
    change.target.label,
    'alice',
    `${change.policy.name}, version 1`,
    change.digest?.slice(0, 12),
    'round 1',
    '1 of any approver',
    '1 d 0 h left',
    'jira OPS-4711',
    'why',
    `<${link}|Open the change>`,
  ]) {
    expect(text).toContain(part);
  }
});

test.each([
  [
    'lines for people',
    [{ label: 'name', value: 'two\nlines <' }],
    'What was read\nname: two\\u{a}lines &lt;',
  ],
  ['no lines: the snapshot itself', null, '"caName":"line"'],
])('what was read, %s, is in message and modal', (_what, presented, shown) => {
  const change = changeOf(entries);
  const question = questionOf(change);
  if (question === null) throw new Error('nothing asked');
  const common = { change, presented, now: 0 };
  const message = messageOf({ ...common, subscription: 's', link: null, choices: [] });
  const modal = modalOf({ ...common, choice: 'approve', question, responseUrl: null }) as {
    blocks: object[];
  };
  expect(textIn(message.blocks)).toContain(shown);
  expect(textIn(modal.blocks)).toContain(shown);
  expect(textIn(modal.blocks)).toContain(`"sn":${JSON.stringify(change.input.sn)}`);
});

test('nothing that people wrote is read by Slack as markup, nor looks like a line of ours', () => {
  const change = changeOf(entries);
  const nasty = '<!channel> <https://evil.example|Approve>\nbob approved: fine';
  const bob = { ...person('bob'), name: 'bob\nOutcome: succeeded' };
  const decision = {
    ...{ decision: 'approve' as const, comment: `fine\u0085${nasty}`, person: bob, digest: 'd', round: 1 },
    ...{ stage: 'a', at: change.submittedAt, counts: true },
  };
  const message = messageOf({
    change: {
      ...change,
      justification: nasty,
      requester: { ...change.requester, name: nasty },
      target: { ...change.target, label: nasty },
      ticket: { system: 'jira', id: nasty, url: nasty },
      decisions: [decision],
      outcome: { code: 'c', message: nasty, requestId: nasty, reconciled: false, at: change.submittedAt },
    },
    ...{ subscription: 's', presented: null, link: null, choices: ['approve' as const], now: null },
  });
  const markup = JSON.stringify(message).match(/<[^>]*>/g) ?? [];
  expect(markup.filter((one) => !one.startsWith('<!date^'))).toEqual([]);
  const lines = textIn(message.blocks).split('\n');
  expect(lines.filter((line) => /^(bob approved|Outcome: succeeded)/.test(line))).toEqual([]);
  expect(lines).toContain('&gt; bob approved: fine');
  expect(blocksFault(message.blocks, 50)).toBeNull();
});

test.each([
  ['never', 'approve', true],
  ['never', 'reject', true],
  ['reject', 'approve', true],
  ['reject', 'reject', false],
  ['always', 'approve', false],
] as const)('comment %s, %s: the modal lets it be empty: %s', (commentRequired, choice, optional) => {
  const of = changeStory({ policy: policyWith({ commentRequired }) });
  const change = changeOf([of.requested(), of.prechecked()]);
  const question = questionOf(change);
  if (question === null) throw new Error('nothing asked');
  const modal = modalOf({ change, presented: null, choice, question, responseUrl: null, now: 0 });
  expect(viewFault(modal)).toBeNull();
  const { blocks, submit } = modal as {
    blocks: { type: string; optional?: boolean }[];
    submit: { text: string };
  };
  expect(blocks.find(({ type }) => type === 'input')?.optional).toBe(optional);
  expect(submit.text.toLowerCase()).toBe(choice);
  expect(textIn(blocks)).toContain(question.digest);
});

test('a modal fits what Slack takes, however long the change’s texts are', () => {
  const change = { ...changeOf(entries), justification: '&'.repeat(4000) };
  const long = { ...change, target: { ...change.target, label: '<'.repeat(500) } };
  const question = questionOf(long);
  if (question === null) throw new Error('nothing asked');
  const url = `https://hooks.slack.com/${'x'.repeat(1900)}`;
  const facts = { change: long, presented: [{ label: '<', value: '>'.repeat(5000) }] };
  expect(viewFault(modalOf({ ...facts, choice: 'reject', question, responseUrl: url, now: 0 }))).toBeNull();
});

test('each refusal that a decision can meet has a text of its own; what is down says to try again', () => {
  const codes = Object.entries(httpStatusOfCode) as [ErrorCode, number][];
  const down = codes.filter(([, status]) => status === 503).map(([code]) => code);
  const mayCount = ['outcome_not_known', 'payload_unreadable'];
  const unknown = down.filter((code) => !mayCount.includes(code) && !code.startsWith('engine_'));
  expect(new Set(unknown.map(refusalText)).size).toBe(1);
  expect(refusalText('log_unavailable')).toContain('not recorded');
  for (const code of [
    ...(['engine_unavailable', 'engine_rejected'] as const),
    ...(['internal_error', 'payload_unreadable'] as const),
  ]) {
    expect(refusalText(code)).toBe(refusalText('outcome_not_known'));
  }
  const told = [
    ...(['account_not_mapped', 'channel_not_allowed', 'reject_only', 'old_round', 'self_approval'] as const),
    ...(['missing_role', 'not_an_approver', 'already_decided', 'decide_by_passed', 'not_found'] as const),
    ...(['stronger_authentication_needed', 'comment_required', 'too_late', 'engine_unavailable'] as const),
  ];
  expect(new Set(told.map(refusalText)).size).toBe(told.length);
});

test('what can be mended is told beside the comment, anything else takes the modal’s place', () => {
  expect(refusedAnswer('comment_required')).toMatchObject({ response_action: 'errors' });
  for (const answer of [refusedAnswer('self_approval'), recordedAnswer('approve')]) {
    const { response_action: action, view } = answer as { response_action: string; view: object };
    expect(action).toBe('update');
    expect(viewFault(view)).toBeNull();
  }
});

test.each([
  ['invalid_auth', 'denied'],
  ['channel_not_found', 'denied'],
  ['message_not_found', 'not_found'],
  ['ratelimited', 'throttled'],
  ['fatal_error', 'failed'],
  ['msg_too_long', 'refused'],
  ['something_new', 'refused'],
])('Slack’s %s is %s', (error, fault) => {
  expect(faultOfSlack(error)).toBe(fault);
});

test.each([
  ['self_approval', 'Not recorded'],
  ['log_unavailable', 'Not recorded'],
  ['outcome_not_known', 'Not known'],
  ['engine_busy', 'Not known'],
  ['internal_error', 'Not known'],
] as const)('of %s the modal’s title says %s', (code, title) => {
  expect(refusedAnswer(code)).toMatchObject({ view: { title: { text: title } } });
});
