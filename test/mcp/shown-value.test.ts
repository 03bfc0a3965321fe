import { expect, test } from 'vitest';
import { shownValue } from '../../mcp/shown-value.ts';

test('texts and names of members are escaped, everything else stays', () => {
  expect(
    shownValue({
      a: 'x\u001b[2J\n\u202eb',
      'n\u200bm': [1, null, true, { deep: '\u{e0041}' }],
      plain: 'ä 中',
    }),
  ).toEqual({
    a: 'x\\u{1b}[2J\\u{a}\\u{202e}b',
    'n\\u{200b}m': [1, null, true, { deep: '\\u{e0041}' }],
    plain: 'ä 中',
  });
});
