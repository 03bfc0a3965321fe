import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';

/** What is used here of an answer; every tool has an output schema with more. */
interface Answer {
  readonly id: string;
  readonly executionStatus: string;
  readonly hasEnded: boolean;
  readonly next: string;
  readonly after?: number | null;
  readonly news?: readonly { readonly type: string }[];
}

const [key = '', input = '{}', command = '', ...args] = process.argv.slice(2);
const { COUNTERSIGN_URL = '', COUNTERSIGN_TOKEN = '', PATH = '' } = process.env;

const client = new Client({ name: 'ask-and-follow', version: '1' });
await client.connect(
  new StdioClientTransport({ command, args, env: { COUNTERSIGN_URL, COUNTERSIGN_TOKEN, PATH } }),
);
await client.listTools();

async function call(name: string, sent: Record<string, unknown>): Promise<Answer> {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: sent });
  if (isError === true) throw new Error(JSON.stringify(content));
  return structuredContent as Answer;
}

let answer = await call('request_change', {
  operation: 'ActiveCaCertificate',
  input: JSON.parse(input) as unknown,
  justification: `task ${key} needs it`,
  key,
});
const { id } = answer;
console.log(`change ${id}: ${answer.next}`);
for (let after: number | null | undefined; !answer.hasEnded; { after } = answer) {
  answer = await call('follow_change', { id, ...(after == null ? {} : { after }) });
  for (const { type } of answer.news ?? []) console.log(type);
}
console.log(answer.next);
await client.close();
process.exitCode = answer.executionStatus === 'succeeded' ? 0 : 1;
