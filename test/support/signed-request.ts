import { readFile } from 'node:fs/promises';
import { submissionOf } from '../../api/submit.ts';
import type { ChangeRequest } from '../../domain/change.ts';
import { createStatementSigner } from '../../identity/statement-signer.ts';
import type { Testbed } from './service.ts';

/** A request with the API's signature on it, as a captured API could send it. */
export async function signedRequest(testbed: Testbed, request: ChangeRequest): Promise<ChangeRequest> {
  const signer = createStatementSigner(await readFile(testbed.keys.privateKey, 'utf8'));
  return { ...request, submission: signer.sign(submissionOf(request)) };
}
