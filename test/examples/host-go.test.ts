import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { buildGo, whyNoGo } from '../support/go.ts';
import { startTeam } from '../support/team-process.ts';
import { testsOfOrderTeam } from './order-team.ts';

/* examples/host-go: a team's workflow in Go, run by Temporal's own SDK, against the service as it is. */

const cwd = join(import.meta.dirname, '..', '..', 'examples', 'host-go');
const obstacle = await whyNoGo(cwd);

describe.skipIf(obstacle !== null)('an order in Go', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'countersign-go-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  testsOfOrderTeam(async (env) => {
    return startTeam(await buildGo(cwd, folder), [], { cwd, env: { ...process.env, ...env } });
  });
});
