import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openNote, signNote, signatureLine, splitNote } from '../../audit/note.ts';
import { generateNoteKey, isKeyName, readNoteSigner, readNoteVerifier } from '../../audit/note-key.ts';

const text = 'a first line\n\na line after an empty one — and a dash\n';
const now = Date.parse('2026-11-24T09:00:00.750Z');
const key = generateNoteKey('example.com/log');
const other = generateNoteKey('example.com/other');
const witness = generateNoteKey('witness.example.com', 'cosignature/v1');
const signer = readNoteSigner(key.privateKey);
const verifier = readNoteVerifier(key.publicKey);
const witnessSigner = readNoteSigner(witness.privateKey);
const witnessVerifier = readNoteVerifier(witness.publicKey);

const refuses = (code: string): Error => expect.objectContaining({ code }) as Error;

test('opens the example of the specification', () => {
  const example =
    'This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
  const known = readNoteVerifier('example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k');
  expect(openNote(example, [known]).text).toBe('This is an example message.\n');
  expect(() => openNote(example.replace('example message', 'exemplary message'), [known])).toThrow(
    refuses('bad_signature'),
  );
});

// The key of the documentation of golang.org/x/mod/sumdb/note.
test('reads the private key that Go’s note package writes', () => {
  const skey = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
  const vkey = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const signed = signNote('If you think cryptography is the answer.\n', [readNoteSigner(skey)]);
  expect(readNoteSigner(skey).publicKey).toBe(vkey);
  expect(openNote(signed, [readNoteVerifier(vkey)]).signatures).toMatchObject([{ name: 'PeterNeumann' }]);
});

describe('a note', () => {
  test('by one key', () => {
    const note = signNote(text, [signer], now);
    expect(openNote(note, [verifier])).toEqual({
      text,
      signatures: [{ name: 'example.com/log', keyId: signer.keyId, algorithm: 'ed25519', time: null }],
      unknown: 0,
    });
    expect(splitNote(note)).toMatchObject({ text, lines: [{ name: 'example.com/log' }] });
  });

  test('by several keys, of which some are known', () => {
    const note = signNote(text, [signer, readNoteSigner(other.privateKey), witnessSigner], now);
    expect(openNote(note, [witnessVerifier, verifier])).toMatchObject({
      signatures: [
        { name: 'example.com/log', time: null },
        { name: 'witness.example.com', algorithm: 'cosignature/v1', time: Math.floor(now / 1000) },
      ],
      unknown: 1,
    });
  });

  test('by one key twice counts once', () => {
    const note = signNote(text, [witnessSigner], now) + signatureLine(text, witnessSigner, now + 5000);
    expect(openNote(note, [witnessVerifier]).signatures).toMatchObject([{ time: Math.floor(now / 1000) }]);
  });

  test('by no known key is refused, whether or not somebody has the name or the id', () => {
    const sameName = readNoteSigner(generateNoteKey('example.com/log').privateKey);
    for (const stranger of [sameName, readNoteSigner(other.privateKey)]) {
      expect(() => openNote(signNote(text, [stranger]), [verifier])).toThrow(refuses('bad_signature'));
    }
    const note = signNote(text, [sameName, signer]);
    expect(openNote(note, [verifier])).toMatchObject({ signatures: [{ keyId: signer.keyId }], unknown: 1 });
    expect(() => openNote(note, [])).toThrow(refuses('bad_signature'));
  });

  test('with one wrong signature of a known key is refused, however many others are right', () => {
    const wrong = signatureLine('another text\n', signer);
    for (const note of [
      `${text}\n${wrong}`,
      signNote(text, [witnessSigner]) + wrong,
      `${text}\n${wrong}${signatureLine(text, signer)}`,
      signNote(text, [signer]) + wrong,
    ]) {
      expect(() => openNote(note, [verifier, witnessVerifier])).toThrow(refuses('bad_signature'));
    }
    // Of a stranger it is nobody's concern.
    expect(openNote(signNote(text, [witnessSigner]) + wrong, [witnessVerifier])).toMatchObject({
      unknown: 1,
    });
  });

  test('whose cosignature has another time, or is cut, is refused', () => {
    const { signature } = splitNote(signNote(text, [witnessSigner], now)).lines[0] ?? expect.fail();
    expect(witnessVerifier.verify(text, signature).valid).toBe(true);
    for (const at of [0, 7, 8, 71]) {
      const altered = Buffer.from(signature);
      altered.writeUInt8(altered.readUInt8(at) ^ 1, at);
      expect(witnessVerifier.verify(text, altered).valid).toBe(false);
    }
    expect(witnessVerifier.verify(text, signature.subarray(0, 71)).valid).toBe(false);
    expect(witnessVerifier.verify(text, signature.subarray(8)).valid).toBe(false);
    expect(witnessVerifier.verify(text, Buffer.alloc(0)).valid).toBe(false);
  });

  test('with any one character altered is refused', () => {
    const note = signNote(text, [signer], now);
    fc.assert(
      fc.property(fc.nat(note.length - 1), fc.string({ minLength: 1, maxLength: 1 }), (at, character) => {
        fc.pre(note[at] !== character);
        const altered = note.slice(0, at) + character + note.slice(at + 1);
        expect(() => openNote(altered, [verifier])).toThrow(/note/);
      }),
      { numRuns: 1000 },
    );
  });

  const line = signatureLine(text, signer);
  test.each([
    ['no signature', text],
    ['an empty signature block', `${text}\n`],
    ['no newline at its end', `${text}\n${line}`.slice(0, -1)],
    ['no blank line', `one line\n${line}`],
    ['a carriage return', `one\r\n\n${line}`],
    ['a control character', `one\u0001\n\n${line}`],
    ['a lone surrogate', `\ud800\n\n${line}`],
    ['a hyphen for the dash', `${text}\n${line.replace('—', '-')}`],
    ['two blanks', `${text}\n${line.replace('— ', '—  ')}`],
    ['a plus in the name', `${text}\n${line.replace('example.com/log', 'a+b')}`],
    ['no name', `${text}\n${line.replace('example.com/log', '')}`],
    ['base64 that is none', `${text}\n${line.replace('=', '*')}`],
    ['unpadded base64', `${text}\n${line.replaceAll('=', '')}`],
    [
      'a signature of no bytes',
      `${text}\n— example.com/log ${Buffer.from(signer.keyId, 'hex').toString('base64')}\n`,
    ],
    ['a fourth part', `${text}\n${line.slice(0, -1)} more\n`],
    ['an empty line among the signatures', `${text}\n${line}\n${line.slice(0, 5)}\n`],
    ['too many signatures', `${text}\n${line.repeat(101)}`],
    ['too many characters', `${'x'.repeat(1_000_000)}\n\n${line}`],
  ])('with %s is malformed', (_, note) => {
    expect(() => openNote(note, [verifier])).toThrow(refuses('malformed_evidence'));
  });

  test('of a text that no note can have is not signed', () => {
    for (const bad of ['', 'no newline', 'a\tb\n', '\ud800\n']) {
      expect(() => signNote(bad, [signer])).toThrow(refuses('malformed_evidence'));
    }
  });

  test('opens at least 16 signatures', () => {
    const many = Array.from({ length: 16 }, (_, n) => readNoteSigner(generateNoteKey(`k${n}`).privateKey));
    const opened = openNote(
      signNote(text, many),
      many.map((s) => readNoteVerifier(s.publicKey)),
    );
    expect(opened.signatures).toHaveLength(16);
  });
});

describe('keys', () => {
  test('have ids that depend on name and algorithm', () => {
    expect(new Set([key, other, witness].map((k) => readNoteSigner(k.privateKey).keyId)).size).toBe(3);
    expect(signer.publicKey).toBe(key.publicKey);
    expect(readNoteVerifier(`${key.publicKey}\n`).keyId).toBe(signer.keyId);
  });

  const cut = key.publicKey.slice(key.publicKey.lastIndexOf('+') + 1);
  test.each([
    '',
    'example.com/log',
    key.privateKey,
    key.publicKey.replace('example.com/log', 'example.com/mog'),
    key.publicKey.replace('example.com/log', 'example.com/ log'),
    `example.com/log+00000000+${cut}`,
    key.publicKey.slice(0, -4),
    key.publicKey.replace(/\+A/, '+C'),
  ])('no public key: %s', (vkey) => {
    expect(() => readNoteVerifier(vkey)).toThrow(refuses('invalid_configuration'));
  });

  test('of which the private half is wrong are refused without being repeated', () => {
    const secret = key.privateKey.split('+').at(-1) ?? '';
    for (const skey of [
      '',
      key.publicKey,
      key.privateKey.slice(0, -4),
      key.privateKey.replace('log', 'mog'),
    ]) {
      const read = (): unknown => readNoteSigner(skey);
      expect(read).toThrow(refuses('invalid_configuration'));
      expect(read).not.toThrow(secret.slice(0, 12));
    }
    expect(() => generateNoteKey('two words')).toThrow(refuses('invalid_configuration'));
  });

  test.each(['', 'a b', 'a+b', 'a\u00a0b', 'a\u2003b', 'a\nb', '\ud800', 'a\u0007'])(
    'no key is named %j',
    (name) => {
      expect(isKeyName(name)).toBe(false);
    },
  );
});
