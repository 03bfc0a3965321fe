/**
 * Sends JSON to a local endpoint of a start.
 *
 * @returns the answer's JSON; null for an empty one
 * @throws Error naming method, path and status, with what the endpoint said
 */
export async function sendJson(
  method: 'GET' | 'POST' | 'PUT',
  url: string,
  body: object | null = null,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return text === '' ? null : (JSON.parse(text) as unknown);
  throw new Error(`${method} ${new URL(url).pathname}: HTTP ${response.status} ${text.slice(0, 500)}`);
}
