import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporalProfile } from '../../cli/temporal-profile.ts';
import type { CountersignError } from '../../domain/error.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'countersign-profile-'));
});
afterAll(() => rm(folder, { recursive: true }));

const elsewhere = { TEMPORAL_ADDRESS: 'temporal.example:7233' };
// A configuration of whoever runs the tests is no part of them.
const profile = (env: NodeJS.ProcessEnv) =>
  temporalProfile({ XDG_CONFIG_HOME: folder, ...elsewhere, ...env }).connectionOptions;

function refusal(env: NodeJS.ProcessEnv): CountersignError {
  try {
    profile(env);
  } catch (error) {
    return error as CountersignError;
  }
  throw new Error('expected a refusal');
}

describe('TLS', () => {
  test.each(['True', 'TRUE', 'yes', 'on', ' true', '2'])('is neither on nor off by %j', (tls) => {
    expect(refusal({ TEMPORAL_TLS: tls })).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('TEMPORAL_TLS') as string,
    });
  });

  test.each<[string, NodeJS.ProcessEnv, unknown]>([
    ['true', { TEMPORAL_TLS: 'true' }, {}],
    ['1', { TEMPORAL_TLS: '1' }, {}],
    ['false', { TEMPORAL_TLS: 'false' }, false],
    ['0', { TEMPORAL_TLS: '0' }, false],
    ['an API key', { TEMPORAL_API_KEY: 'key' }, true],
    ['an API key beside empty variables', { TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: '' }, true],
    ['an empty API key', { TEMPORAL_API_KEY: '' }, undefined],
    ['nothing', {}, undefined],
  ])('by %s', (_what, env, tls) => {
    const told = profile(env).tls;
    if (typeof tls === 'object' && tls !== null) expect(told).toMatchObject(tls);
    else expect(told).toBe(tls);
  });

  test.each(['0', 'false'])('off by %s with an API key is for this machine alone', (tls) => {
    const env = { TEMPORAL_TLS: tls, TEMPORAL_API_KEY: 'a-secret-key' };
    const refused = refusal(env);
    expect(refused.code).toBe('invalid_configuration');
    expect(refused.message).not.toContain('a-secret-key');
    expect(profile({ ...env, TEMPORAL_ADDRESS: '127.0.0.1:7233' }).tls).toBe(false);
    expect(profile({ ...env, TEMPORAL_ADDRESS: 'localhost:7233' }).tls).toBe(false);
  });
});

describe('the configuration file', () => {
  const file = async (text: string) => {
    const path = join(folder, 'named.toml');
    await writeFile(path, text);
    return path;
  };

  test('that is named and not there is refused', () => {
    expect(refusal({ TEMPORAL_CONFIG_FILE: join(folder, 'none.toml') })).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('none.toml') as string,
    });
  });

  test('is told by its line alone where it has a mistake', async () => {
    const path = await file('[profile.default.grpc_meta]\nx = "y"\nauthorization = "a-secret-key\n');
    const refused = refusal({ TEMPORAL_CONFIG_FILE: path });
    expect(refused).toMatchObject({
      code: 'invalid_configuration',
      message: expect.stringContaining('line 3') as string,
    });
    expect([refused.message, refused.stack, String(refused.cause)].join()).not.toContain('a-secret-key');
  });

  test('may not send its API key in plain text', async () => {
    const path = await file(
      '[profile.default]\naddress = "a:7233"\napi_key = "k"\ntls = { disabled = true }\n',
    );
    expect(refusal({ TEMPORAL_CONFIG_FILE: path, TEMPORAL_ADDRESS: '' }).code).toBe('invalid_configuration');
  });

  test('that nobody names may be absent', () => {
    expect(profile({ TEMPORAL_CONFIG_FILE: '' }).address).toBe('temporal.example:7233');
  });
});
