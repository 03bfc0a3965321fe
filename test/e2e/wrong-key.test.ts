import { generateKeyPairSync } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import { codeOf, post } from '../support/journey.ts';
import { startApi, startGround, startWorkers } from '../support/service.ts';

test('a worker that has another key of the API than it signs with is nobody’s wrong request', async () => {
  const ground = await startGround();
  onTestFinished(() => ground.stop());
  const workers = await startWorkers(ground);
  onTestFinished(() => workers.stop());
  const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const api = await startApi(ground, { signer: createStatementSigner(other.toString()) });
  onTestFinished(() => api.stop());
  expect(await codeOf(post(api.users.alice, await ground.certificate()))).toBe('bad_signature');
}, 120_000);
