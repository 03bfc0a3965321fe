import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { formatWitnessRequest, parseWitnessRequest } from '../../audit/witness-request.ts';

const hash = (n: number): Buffer => createHash('sha256').update(String(n)).digest();
const note = 'log.example\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— log.example Az3grlgt\n';

test('what is formatted is parsed again', () => {
  for (const count of [0, 1, 63]) {
    const request = {
      oldSize: count * 1000,
      proof: Array.from({ length: count }, (_, n) => hash(n)),
      checkpoint: note,
    };
    expect(parseWitnessRequest(formatWitnessRequest(request))).toEqual(request);
  }
});

test('the body is as C2SP has it', () => {
  expect(formatWitnessRequest({ oldSize: 3, proof: [hash(1)], checkpoint: note })).toBe(
    `old 3\n${hash(1).toString('base64')}\n\n${note}`,
  );
});

const line = hash(1).toString('base64');
test.each([
  ['nothing', ''],
  ['no old size', `${line}\n\n${note}`],
  ['a leading zero', `old 03\n\n${note}`],
  ['a negative size', `old -1\n\n${note}`],
  ['a size past safe integers', `old 9999999999999999\n\n${note}`],
  ['a size with a blank', `old 3 \n\n${note}`],
  ['another word', `new 3\n\n${note}`],
  ['a short hash', `old 3\n${line.slice(4)}\n\n${note}`],
  ['a hash without padding', `old 3\n${line.replace('=', '')}\n\n${note}`],
  ['URL-safe base64', `old 3\n${'-'.repeat(43)}=\n\n${note}`],
  ['a carriage return', `old 3\r\n${line}\r\n\r\n${note}`],
  ['64 hashes', `old 3\n${`${line}\n`.repeat(64)}\n${note}`],
  ['no blank line', `old 3\n${line}\n`],
])('a request with %s is refused', (_, body) => {
  expect(parseWitnessRequest(body)).toBeNull();
});
