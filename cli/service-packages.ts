import nodeModule, { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

/** The folder of our modules: `dist/`, or the repository. */
const ours = new URL('..', import.meta.url).href;
/** Of Temporal there is one copy in a process, the host's: two do not know each other's classes. */
const ofTemporal = /^(?:@temporalio\/|nexus-rpc$)/;

let isRegistered = false;

/**
 * Has our own modules take the packages that `countersign-service` names from there, in its versions. Otherwise they would
 * take those beside `countersign`, which are whatever the application has. Nothing else in the process is resolved otherwise.
 *
 * Called before the first module is loaded that needs one. Does nothing where `countersign-service` is not installed, and in a
 * Node too old for the service.
 */
export function useServicePackages(): void {
  // Absent before Node 22.15.
  const { registerHooks } = nodeModule as Partial<Pick<typeof nodeModule, 'registerHooks'>>;
  const service = servicePackage();
  if (isRegistered || service === null || registerHooks === undefined) return;
  isRegistered = true;
  const fromService = createRequire(service.url);
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const { parentURL } = context;
      // In the repository the package without code is a folder of ours, too.
      const isFromThere = isOurs(parentURL) && parentURL !== service.url;
      if (!isFromThere || !service.names.has(packageOf(specifier))) return nextResolve(specifier, context);
      // `require` takes no other parent's address.
      if (context.conditions.includes('require'))
        return { url: pathToFileURL(fromService.resolve(specifier)).href, shortCircuit: true };
      return nextResolve(specifier, { ...context, parentURL: service.url });
    },
  });
}

/** Where `countersign-service` is, and the packages that it brings. */
function servicePackage(): { readonly url: string; readonly names: ReadonlySet<string> } | null {
  const own = createRequire(import.meta.url);
  try {
    const { dependencies } = own('countersign-service/package.json') as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    const names = Object.keys(dependencies).filter((name) => !ofTemporal.test(name));
    return {
      url: pathToFileURL(own.resolve('countersign-service/package.json')).href,
      names: new Set(names),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'MODULE_NOT_FOUND') return null;
    throw error;
  }
}

function isOurs(url: string | undefined): boolean {
  return url?.startsWith(ours) === true && !url.includes('/node_modules/', ours.length);
}

/** The package that a specifier names. */
function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/');
  return first.startsWith('@') ? `${first}/${second}` : first;
}
