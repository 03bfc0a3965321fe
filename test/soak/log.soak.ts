import { execFile } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { appendEntry } from '../../audit/append.ts';
import { earlierCheckpoints, latestCheckpoint } from '../../audit/checkpoints.ts';
import { preparePack } from '../../audit/pack/prepare-pack.ts';
import { openCheckpointOf } from '../../audit/pack/published-checkpoint.ts';
import { readSealed } from '../../audit/pack/read-sealed.ts';
import { makeTreeReader } from '../../audit/tree-reader.ts';
import { verifierBundle } from '../../cli/verifier-bundle.ts';
import { makePool } from '../../store/pool.ts';
import { fourEyes } from '../../domain/four-eyes.ts';
import { policyPinned } from '../../domain/policy-entry.ts';
import { honest } from '../support/honest.ts';
import { changeStory } from '../audit/change-story.ts';
import { makeKeys, signed } from '../audit/memory-log.ts';
import { untilSealed } from '../audit/seal.ts';
import { startTestbed } from '../support/service.ts';
import { PROJECT_HOME } from '../support/stack.ts';

const run = promisify(execFile);
const changes = Number(process.env.SOAK_LOG_CHANGES ?? 10_000);
const writers = 8;

test(`the entries of ${changes} changes, appended by ${writers} writers and sealed as they come, verify with no alarm`, async () => {
  const testbed = await startTestbed();
  const pool = makePool({
    connectionString: testbed.database.url('worker'),
    applicationName: 'soak',
    max: writers,
  });
  try {
    const keys = makeKeys();
    const trusted = join(testbed.home, 'trusted-keys.txt');
    await writeFile(trusted, `${await readFile(testbed.logPublicKey, 'utf8')}\n${keys.statementPem}`);
    let begun = 0;
    let appended = 0;
    const halfway: string[] = [];
    const write = async () => {
      while (begun < changes) {
        const n = begun;
        begun += 1;
        const began = new Date(Date.parse('2026-01-01T00:00:00Z') + n * 1000).toISOString();
        const story = changeStory({ began });
        const bodies = [
          story.attested(story.requested()),
          story.prechecked(),
          story.approved(),
          story.scheduled(),
          story.started(1),
          story.ended('failed', 1),
          story.started(2),
          story.ended('succeeded', 2),
          story.closed(),
        ];
        for (const [i, body] of bodies.entries()) {
          const key = `soak/change-${story.changeId}/${body.type}/${i}`;
          await appendEntry(pool, { key, body: signed(body, keys) });
          appended += 1;
        }
        if (n === Math.floor(changes / 2)) halfway.push((await latestCheckpoint(pool))?.note ?? '');
      }
    };
    await appendEntry(pool, policyPinned(honest(fourEyes), '2026-01-01T00:00:00.000Z'));
    await Promise.all(Array.from({ length: writers }, write));
    const note = await untilSealed(pool);
    const checkpoint = openCheckpointOf({ note });
    // The signer's own first entry and the policy's beside them.
    expect(checkpoint.size).toBe(appended + 2);

    const since = join(testbed.home, 'halfway');
    await writeFile(since, halfway[0] ?? '');
    const pack = join(testbed.home, 'soak.tgz');
    const prepared = await preparePack(
      {
        entries: (covers, size) => readSealed(pool, covers, size),
        read: makeTreeReader(pool),
        earlierCheckpoints: (after, upTo) => earlierCheckpoints(pool, after, upTo),
        checkpoint,
        verifier: (await verifierBundle(PROJECT_HOME)).code,
      },
      {
        covers: { kind: 'range', from: 0, to: null },
        since: openCheckpointOf({ note: halfway[0] ?? '' }).size,
      },
    );
    await pipeline(prepared.stream(), createWriteStream(pack));
    const main = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
    const args = [main, 'audit', 'verify', pack, '--key', trusted, '--since', since];
    const { stdout } = await run(process.execPath, args);
    console.log(stdout);
    expect(stdout).toContain(`VALID: entries 0 to ${appended}`);
  } finally {
    await pool.end();
    await testbed.stop();
  }
});
