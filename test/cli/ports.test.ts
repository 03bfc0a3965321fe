import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runningStack } from '../../cli/api-client.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { preferredPorts, rememberPorts } from '../../cli/ports.ts';
import { temporaryHome } from '../support/stack.ts';

async function freshHome(): Promise<string> {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

test('what was started elsewhere, since its port was in use, stays there until PORT says another one', async () => {
  const home = await freshHome();
  const first = await preferredPorts(home, 8080);
  expect(first.api).toBe(8080);
  // It was in use.
  await rememberPorts(home, { ...first, api: 18080, identity: 18181 }, 8080);
  expect(await preferredPorts(home, 8080)).toMatchObject({ api: 18080, identity: 18181 });
  expect(await preferredPorts(home, 9000)).toMatchObject({ api: 9000, identity: 18181 });
});

test.each(['', '[', 'null', '7', '{"api":"x","postgres":0,"temporal":1.5,"witness":70000,"other":1}'])(
  'what is no list of ports is as good as none: %s',
  async (text) => {
    const home = await freshHome();
    const usual = await preferredPorts(home, 8080);
    await writeFile(join(home, 'ports.json'), text);
    expect(await preferredPorts(home, 8080)).toEqual(usual);
  },
);

test('a broken running.json is named', async () => {
  const home = await freshHome();
  await writeFile(join(home, 'running.json'), '[');
  await expect(runningStack(readEnvironment({ COUNTERSIGN_HOME: home }))).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('running.json is not JSON') as string,
  });
});
