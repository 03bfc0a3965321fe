import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { runningStack } from '../../cli/running-stack.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { preferredPorts, rememberPorts } from '../../cli/ports.ts';
import { temporaryHome } from '../support/stack.ts';

async function freshHome(): Promise<string> {
  const home = await temporaryHome();
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  return home;
}

const usually = { api: 8080, console: 8090 };

test('what was started elsewhere, since its port was in use, stays there until another one is asked for', async () => {
  const home = await freshHome();
  const first = await preferredPorts(home, usually);
  expect(first).toMatchObject(usually);
  // They were in use.
  const elsewhere = { api: 18080, console: 18090, identity: 18181 };
  await rememberPorts(home, { ...first, ...elsewhere }, usually);
  expect(await preferredPorts(home, usually)).toMatchObject(elsewhere);
  expect(await preferredPorts(home, { ...usually, api: 9000 })).toMatchObject({ ...elsewhere, api: 9000 });
  expect(await preferredPorts(home, { ...usually, console: 9090 })).toMatchObject({
    ...elsewhere,
    console: 9090,
  });
});

test.each([
  '',
  '[',
  'null',
  '7',
  '{"asked":8080}',
  '{"asked":{"api":"x"}}',
  '{"api":"x","postgres":0,"temporal":1.5,"witness":70000,"other":1}',
])('what is no list of ports is as good as none: %s', async (text) => {
  const home = await freshHome();
  const usual = await preferredPorts(home, usually);
  await writeFile(join(home, 'ports.json'), text);
  expect(await preferredPorts(home, usually)).toEqual(usual);
});

test('a broken running.json is named', async () => {
  const home = await freshHome();
  await writeFile(join(home, 'running.json'), '[');
  await expect(runningStack(readEnvironment({ COUNTERSIGN_HOME: home }))).rejects.toMatchObject({
    code: 'invalid_configuration',
    message: expect.stringContaining('running.json is not JSON') as string,
  });
});
