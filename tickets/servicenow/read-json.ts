const mostBytes = 2 * 1024 * 1024;

/**
 * The JSON of an answer; undefined when it is none.
 * @throws Error when it is larger than 2 MiB or breaks off
 */
export async function readJson(response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (size > mostBytes) throw new Error('larger than expected');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
