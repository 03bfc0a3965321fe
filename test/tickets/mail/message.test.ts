import { describe, expect, test } from 'vitest';
import { mailError } from '../../../tickets/mail/fault.ts';
import { domainOf, mailOf } from '../../../tickets/mail/message.ts';
import { mailSettings } from '../../../tickets/mail/settings.ts';
import { milestonesIn } from '../../../tickets/milestone.ts';
import { Deliveries, ToldChange } from '../told-change.ts';

const url = 'https://countersign.example/changes/1?a=1&b=2';
const place = {
  subscription: 'team',
  domain: 'example.com',
  url,
  now: Date.parse('2026-11-24T10:00:00.000Z'),
};

function mails(more: object = {}) {
  const change = new ToldChange({
    justification: 'first\r\nBcc: eve@evil.example\r\n\r\n<img src=x onerror=alert(1)>',
    ...more,
  });
  const entries = change.tell('requested', 'prechecked', 'approved', 'scheduled', 'closed');
  const milestones = milestonesIn(new Deliveries(change).of(entries));
  return milestones.map((one, i) => mailOf(one, milestones.slice(0, i), place));
}

describe('a mail', () => {
  test('says what it is about, in text and in HTML, with a link', () => {
    const [asking] = mails();
    expect(asking?.subject).toMatch(/^Approval wanted: ActiveCaCertificate on /);
    expect(asking?.text).toContain(`Open: ${url}`);
    expect(asking?.text).toContain('Missing: 1 of the approvers (stage one)');
    expect(asking?.html).toContain('<a href="https://countersign.example/changes/1?a=1&#38;b=2">Open</a>');
  });

  test('keeps words of others as words: no line, no header, no markup of theirs', () => {
    const [asking] = mails({
      operation: 'x',
      target: { id: 'i', scope: {}, label: 'a\r\nBcc: eve@evil.example' },
    });
    expect(asking?.subject).toBe('Approval wanted: x on a Bcc: eve@evil.example');
    expect(asking?.text.split('\n').filter((line) => line.startsWith('Bcc:'))).toEqual([]);
    expect(asking?.html).not.toMatch(/<img|<b>/);
    expect(asking?.html).toContain('&#60;img src=x onerror=alert(1)&#62;');
  });

  test('is one thread with the others of its change, and has the same id when it comes again', () => {
    const [first, second, third] = mails();
    expect(second?.inReplyTo).toBe(first?.messageId);
    expect(third?.references).toEqual([first?.references[0], first?.messageId, second?.messageId]);
    expect(first?.references).toHaveLength(1);
    expect(first?.messageId).toMatch(/^<[0-9a-f]{40}@example\.com>$/);
    expect(new Set([first, second, third].map((mail) => mail?.messageId)).size).toBe(3);
  });

  test('of another subscription is another one', () => {
    const change = new ToldChange();
    const [one] = milestonesIn(new Deliveries(change).of(change.tell('requested', 'prechecked')));
    if (!one) throw new Error('none');
    expect(mailOf(one, [], { ...place, subscription: 'other' }).messageId).not.toBe(
      mailOf(one, [], place).messageId,
    );
    expect(mailOf(one, [], { ...place, now: 0 }).messageId).toBe(mailOf(one, [], place).messageId);
  });
});

test.each([
  ['team@Example.com', 'example.com'],
  ['Countersign <noreply@mail.example.com>', 'mail.example.com'],
  ['nobody', 'countersign.invalid'],
])('the domain of %s', (from, domain) => {
  expect(domainOf(from)).toBe(domain);
});

describe('what came of a mail that was not sent', () => {
  test.each<[string, object, string]>([
    ['no connection', { code: 'ECONNECTION' }, 'unreachable'],
    ['no STARTTLS', { code: 'ETLS', responseCode: 500 }, 'unreachable'],
    ['a wrong login', { code: 'EAUTH', responseCode: 535 }, 'denied'],
    ['a login that is missing', { code: 'EENVELOPE', responseCode: 530 }, 'denied'],
    ['greylisting', { code: 'EENVELOPE', responseCode: 451 }, 'failed'],
    ['an unknown recipient', { code: 'EENVELOPE', responseCode: 550 }, 'refused'],
    ['no recipient', { code: 'EENVELOPE' }, 'refused'],
    ['something else', {}, 'unreachable'],
  ])('%s', (_name, error, fault) => {
    expect(mailError(Object.assign(new Error('535 5.7.8 secret-password'), error))).toMatchObject({ fault });
  });

  test('tells nothing of what the server said', () => {
    const error = Object.assign(new Error('550 <eve@example.com> secret'), {
      code: 'EENVELOPE',
      responseCode: 550,
    });
    expect(mailError(error).message).toBe('the mail server answered 550');
  });
});

describe('settings', () => {
  const right = {
    kind: 'mail',
    host: 'mail.example.com',
    from: 'Countersign <a@example.com>',
    to: ['b@example.com'],
  };
  test.each<[string, object, boolean]>([
    ['right', {}, true],
    ['no TLS elsewhere', { tls: 'none' }, false],
    ['no TLS on loopback', { tls: 'none', host: '127.0.0.1' }, true],
    ['a user without a password', { user: 'a' }, false],
    ['both', { user: 'a', passwordFile: '/run/secrets/mail' }, true],
    ['a sender with a line of its own', { from: 'a@example.com\r\nBcc: eve@example.com' }, false],
    ['a recipient that is none', { to: ['team'] }, false],
  ])('%s', (_name, more, isRight) => {
    expect(mailSettings.safeParse({ ...right, ...more }).success).toBe(isRight);
  });
});
