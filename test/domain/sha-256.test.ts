import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256Hex } from '../../domain/sha-256.ts';
import { uuidOfDigest } from '../../domain/uuid-of-digest.ts';

const byNode = (text: string) => createHash('sha256').update(text).digest('hex');

test('SHA-256 is that of Node, at each length around a block too', () => {
  for (let length = 0; length < 200; length += 1)
    expect(sha256Hex('a'.repeat(length))).toBe(byNode('a'.repeat(length)));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 5000 }), (text) => sha256Hex(text) === byNode(text)),
  );
});

test('a UUID out of a digest has the version and the variant of RFC 9562', () => {
  fc.assert(
    fc.property(fc.string(), (text) =>
      /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(
        uuidOfDigest(byNode(text)),
      ),
    ),
  );
});
