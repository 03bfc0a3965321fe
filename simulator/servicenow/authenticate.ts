import { randomBytes } from 'node:crypto';
import type { Answer } from '../answer.ts';
import { header } from '../incoming.ts';
import type { Incoming } from '../incoming.ts';
import { jsonAnswer } from '../rest-endpoint.ts';
import type { Instance } from './instance.ts';
import type { User } from './settings.ts';

/** The account that a request is of: by Basic, `x-sn-apikey` or a bearer token; null: none. */
export function userOf(instance: Instance, incoming: Incoming): User | null {
  const { users, tokens } = instance.held;
  const key = header(incoming, 'x-sn-apikey');
  if (key !== undefined) return users.find(({ apiKey }) => apiKey === key) ?? null;
  const [scheme = '', value = ''] = (header(incoming, 'authorization') ?? '').split(' ');
  if (scheme.toLowerCase() === 'bearer') {
    const token = Object.hasOwn(tokens, value) ? tokens[value] : undefined;
    if (token === undefined || token.endsAt <= instance.now()) return null;
    return users.find(({ userName }) => userName === token.userName) ?? null;
  }
  if (scheme.toLowerCase() !== 'basic') return null;
  const text = Buffer.from(value, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 0) return null;
  const [name, password] = [text.slice(0, colon), text.slice(colon + 1)];
  return users.find((user) => user.userName === name && user.password === password) ?? null;
}

/** `POST /oauth_token.do`: client credentials, or a person's password. */
export function answerToken(instance: Instance, incoming: Incoming): Answer {
  const form = new Map(incoming.form);
  const { clients, users, tokens } = instance.held;
  const client = clients.find(
    ({ clientId, secret }) => clientId === form.get('client_id') && secret === form.get('client_secret'),
  );
  const refused = (error: string) =>
    jsonAnswer({ error, error_description: 'access_denied' }, 401, { 'cache-control': 'no-store' });
  if (client === undefined) return refused('invalid_client');
  let userName = client.userName;
  if (form.get('grant_type') === 'password') {
    const user = users.find(
      (one) => one.userName === form.get('username') && one.password === form.get('password'),
    );
    if (user === undefined) return refused('server_error');
    userName = user.userName;
  } else if (form.get('grant_type') !== 'client_credentials') return refused('unsupported_grant_type');
  const token = randomBytes(32).toString('base64url');
  const seconds = client.tokenSeconds ?? 1800;
  tokens[token] = { userName, endsAt: instance.now() + seconds * 1000 };
  const body = { access_token: token, scope: 'useraccount', token_type: 'Bearer', expires_in: seconds };
  return jsonAnswer(body, 200, { 'cache-control': 'no-store' });
}
