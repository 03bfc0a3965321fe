import { join } from 'node:path';
import { describe } from 'vitest';
import { missingForPython, temporalPython } from '../support/python.ts';
import { startTeam } from '../support/team-process.ts';
import { testsOfOrderTeam } from './order-team.ts';

/* examples/host-python: a team's workflow in Python, run by Temporal's own SDK, against the service as it is. */

const cwd = join(import.meta.dirname, '..', '..', 'examples', 'host-python');
const missing = await missingForPython();
if (missing !== null) process.stderr.write(`examples/host-python is skipped: ${missing}\n`);

describe.skipIf(missing !== null)('an order in Python', () => {
  testsOfOrderTeam(async (env) =>
    startTeam('python3', ['worker.py'], { cwd, env: { ...(await temporalPython()), ...env } }),
  );
});
