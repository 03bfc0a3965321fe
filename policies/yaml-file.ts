import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Node } from 'yaml';
import type { z } from 'zod';
import { decodeUtf8, notUtf8 } from '../domain/utf8.ts';
import type { Problem } from './problem.ts';

const mostBytes = 1024 * 1024;

/** A YAML file's content, where it follows its schema, and what is wrong where it does not. */
export interface YamlFile<T> {
  readonly value: T | null;
  readonly problems: readonly Problem[];
  /** Of the file's bytes, hex; null where it could not be read. */
  readonly sha256: string | null;
  /** The line of a field, or of the nearest thing around it that is there. */
  readonly lineOf: (path: readonly PropertyKey[]) => number;
}

/** Reads and checks a YAML 1.2 file; nothing of it is run, and a key may be there once. */
export async function readYaml<T>(file: string, schema: z.ZodType<T>): Promise<YamlFile<T>> {
  const refused = (rule: string, message: string, line = 1): YamlFile<T> => ({
    value: null,
    problems: [{ severity: 'error', file, line, field: '', rule, message }],
    sha256: null,
    lineOf: () => 1,
  });
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    return refused('readable', `cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
  if (bytes.length > mostBytes) return refused('max_bytes', `at most ${mostBytes} bytes`);
  const decoded = decodeUtf8(bytes);
  if (decoded.text === null) return refused('utf8', notUtf8(decoded), decoded.line);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { ...checkYaml(file, decoded.text, schema), sha256 };
}

/** See {@link readYaml}. */
export function checkYaml<T>(file: string, text: string, schema: z.ZodType<T>): Omit<YamlFile<T>, 'sha256'> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: isSameKey });
  const lineOf = (path: readonly PropertyKey[]) => lines.linePos(offsetOf(document, path)).line;
  const problem = (line: number, field: string, rule: string, message: string): Problem => ({
    severity: 'error',
    file,
    line,
    field,
    rule,
    message,
  });
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) =>
      problem(lines.linePos(pos[0]).line, '', 'yaml', message),
    );
    return { value: null, problems, lineOf };
  }
  let content: unknown;
  try {
    content = document.toJS();
  } catch (error) {
    return { value: null, problems: [problem(1, '', 'yaml', (error as Error).message)], lineOf };
  }
  const result = schema.safeParse(content, { reportInput: true });
  if (result.success) return { value: result.data, problems: [], lineOf };
  const problems = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => {
          const path = [...issue.path, key];
          return problem(lineOf(path), path.join('.'), 'unknown_field', 'no such field');
        })
      : [problem(lineOf(issue.path), issue.path.join('.'), ruleOf(issue), issue.message)],
  );
  return { value: null, problems, lineOf };
}

/** Keys become texts: `1` and `"1"` are the same one. */
function isSameKey(a: Node, b: Node): boolean {
  return a === b || (isScalar(a) && isScalar(b) && String(a.value) === String(b.value));
}

function ruleOf(issue: z.core.$ZodIssue): string {
  const missing = issue.input === undefined;
  if (issue.code === 'invalid_type') return missing ? 'required' : 'type';
  if (issue.code === 'too_small') return issue.origin === 'number' ? 'minimum' : 'required';
  if (issue.code === 'too_big') return 'maximum';
  if (['invalid_format', 'invalid_key', 'custom'].includes(issue.code)) return 'format';
  return missing ? 'required' : 'one_of';
}

function offsetOf(document: Document.Parsed, path: readonly PropertyKey[]): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0] ?? 0;
  for (const step of path) {
    let found: Node | undefined;
    if (isMap<Node, Node>(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(step));
      offset = pair?.key.range?.[0] ?? offset;
      found = pair?.value ?? undefined;
    } else if (isSeq<Node>(node)) {
      found = node.items[Number(step)];
      offset = found?.range?.[0] ?? offset;
    }
    if (!found) return offset;
    node = found;
  }
  return offset;
}
