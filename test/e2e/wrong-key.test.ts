import { generateKeyPairSync } from 'node:crypto';
import { expect, onTestFinished, test } from 'vitest';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import { codeOf, post } from '../support/steps.ts';
import { startApi, startTestbed, startWorkers } from '../support/service.ts';

test('a worker that has another key of the API than it signs with is nobody’s wrong request', async () => {
  const testbed = await startTestbed();
  onTestFinished(() => testbed.stop());
  const workers = await startWorkers(testbed);
  onTestFinished(() => workers.stop());
  const other = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
  const api = await startApi(testbed, { signer: createStatementSigner(other.toString()) });
  onTestFinished(() => api.stop());
  expect(await codeOf(post(api.users.alice, await testbed.certificate()))).toBe('bad_signature');
}, 120_000);
