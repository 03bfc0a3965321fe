import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipFolder } from '../../support/python.ts';

/** A version of an object, as the bucket's administrator sees it. */
export interface StoredVersion {
  readonly key: string;
  readonly etag: string;
  readonly mode: string | null;
  readonly until: string | null;
}

/** A local object store that verifies signatures. */
export interface TestStore {
  readonly url: string;
  readonly bucket: string;
  readonly region: string;
  readonly key: string;
  readonly secret: string;
  versions(): Promise<StoredVersion[]>;
  /** Has an administrator delete every version; S3 alone. @returns what was refused */
  erase(): Promise<{ readonly key: string; readonly code: string }[]>;
  stop(): Promise<void>;
}

const packages = {
  's3.py': ['moto-5.2.5', 'moto[s3]==5.2.5', 'flask', 'flask-cors'],
  'oss.py': ['alibabacloud-oss-v2-1.4.1', 'alibabacloud-oss-v2==1.4.1'],
} as const;

/** Starts one of the two. */
export async function startStore(script: keyof typeof packages): Promise<TestStore> {
  const [name, ...wanted] = packages[script];
  const folder = await pipFolder(name, ...wanted);
  const child = spawn('python3', [join(import.meta.dirname, script)], {
    env: { ...process.env, PYTHONPATH: folder },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${script} ended`);
    return JSON.parse(line.value) as T;
  };
  const ask = <T>(what: string): Promise<T> => {
    child.stdin.write(`${what}\n`);
    return answer<T>();
  };
  const given = await answer<Pick<TestStore, 'url' | 'bucket' | 'region' | 'key' | 'secret'>>();
  return {
    ...given,
    versions: () => ask('versions'),
    erase: () => ask('erase'),
    async stop() {
      child.kill();
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}
