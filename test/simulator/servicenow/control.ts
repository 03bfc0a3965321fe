/** Steers a local ServiceNow: `/_sim`. */
export async function steer(url: string, method: string, path: string, body?: unknown): Promise<unknown> {
  const response = await fetch(`${url}/_sim/${path}`, {
    method,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`/_sim/${path}: ${response.status}`);
  return await response.json();
}

/** Puts records and gives them back, as the database has them. */
export async function putRecords(
  url: string,
  ...records: readonly {
    readonly table: string;
    readonly values: Readonly<Record<string, string>>;
    readonly hiddenFrom?: readonly string[];
    readonly by?: string;
  }[]
): Promise<Record<string, string>[]> {
  const answer = (await steer(url, 'PUT', 'records', records)) as { records: Record<string, string>[] };
  return answer.records;
}

/** The records of a table. */
export async function recordsOf(url: string, table: string): Promise<Record<string, string>[]> {
  const answer = (await steer(url, 'GET', `records?table=${table}`)) as { records: Record<string, string>[] };
  return answer.records;
}

/** The requests that came, without those of `/_sim`. */
export async function callsOf(
  url: string,
): Promise<{ method: string; path: string; status: number | null }[]> {
  const answer = (await steer(url, 'GET', 'calls')) as {
    calls: { method: string; path: string; status: number | null }[];
  };
  return answer.calls;
}
