import { expect, test } from 'vitest';
import { readFreezeCalendar } from '../../calendar/freeze-calendar.ts';
import { CountersignError } from '../../domain/error.ts';

const one = `
- name: double-eleven
  reason: the great sale
  mqttInstanceId: post-cn-*
  startsAt: 2026-11-10T00:00:00+08:00
  endsAt: 2026-11-12T00:00:00+08:00
`;

test('a calendar’s freezes are read with their times in UTC', () => {
  expect(readFreezeCalendar(one)).toEqual([
    {
      id: 'double-eleven',
      operation: null,
      scope: { mqttInstanceId: 'post-cn-*' },
      startsAt: '2026-11-09T16:00:00.000Z',
      endsAt: '2026-11-11T16:00:00.000Z',
      reason: 'the great sale',
      declaredBy: null,
      declaredAt: null,
      liftedBy: null,
      liftedAt: null,
    },
  ]);
});

test.each([
  ['in full', 'scope: { mqttInstanceId: post-cn-* }'],
  ['in short', 'mqttInstanceId: post-cn-*'],
])('its scope is read %s', (_form, line) => {
  expect(readFreezeCalendar(one.replace('mqttInstanceId: post-cn-*', line))).toEqual(readFreezeCalendar(one));
});

test.each(['', '# nothing yet\n', '[]'])('an empty one has none: %j', (file) => {
  expect(readFreezeCalendar(file)).toEqual([]);
});

test.each<[string, string, string]>([
  ['no YAML', '- name: [', 'calendar'],
  ['no list', 'name: x', 'calendar'],
  ['a word too many', one + '  who: me\n', '0'],
  ['no reason', one.replace('  reason: the great sale\n', ''), '0.reason'],
  ['a time without a zone', one.replace('+08:00', ''), '0.startsAt'],
  ['a day for a time', one.replace('2026-11-10T00:00:00+08:00', '2026-11-10'), '0.startsAt'],
  ['a member in both forms', one + '  scope: { mqttInstanceId: x }\n', '0.mqttInstanceId'],
  ['a name in its scope that is none', one + '  scope: { a-b: x }\n', '0.scope.a-b'],
  ['a pattern without text', one + '  scope: { sn: "" }\n', '0.scope.sn'],
  ['no end', one.replace(/ {2}endsAt.*\n/, ''), '0.endsAt'],
  ['an end before its start', one.replace('2026-11-12', '2026-11-09'), '0.endsAt'],
  ['one name twice', one + one, 'calendar'],
  ['a name like an id', one.replace('double-eleven', '0f6a2c1e-5d0b-4b1f-9c55-3f6d1c7e8a42'), '0.name'],
  ['a name that is no word', one.replace('double-eleven', 'Double Eleven'), '0.name'],
])('%s is refused', (_name, file, field) => {
  let thrown: unknown;
  try {
    readFreezeCalendar(file);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(CountersignError);
  expect(thrown).toMatchObject({ code: 'invalid_configuration', errors: [{ field }] });
});
