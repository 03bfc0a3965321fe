import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setDefaultCACertificates } from 'node:tls';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, inject, onTestFinished, test, vi } from 'vitest';
import { apiClient } from '../../client/api-client.ts';
import { examine } from '../../cli/doctor.ts';
import { readEnvironment } from '../../cli/environment.ts';
import { peopleVerifier } from '../../cli/identity.ts';
import { wayOut } from '../../cli/way-out.ts';
import { makeProxiedFetch } from '../../tickets/webhook/proxied-fetch.ts';
import { caCertificateClient } from '../support/ca-certificate-client.ts';
import { createCredential } from '../../onsmqtt/credentials.ts';
import { startSimulator } from '../../simulator/server.ts';
import type { RunningSimulator } from '../../simulator/server.ts';
import { calls } from '../simulator/control-client.ts';
import { startProxy } from '../support/proxy.ts';
import { roleArn } from '../support/sts.ts';

vi.setConfig({ testTimeout: 60_000 });

const key = { accessKeyId: 'proxied-key', accessKeySecret: 'proxied-secret' };
const changeId = '0b7f5a52-0e54-8a5c-9f0e-6f3a1c2d4e5f';
const ref = { regionId: 'cn-hangzhou', mqttInstanceId: 'post-cn-1', sn: '0072' };
const vendorHost = 'onsmqtt.cn-hangzhou.aliyuncs.com';
let tls: { key: string; cert: string };
let simulator: RunningSimulator;
let vendorPort: number;

beforeAll(async () => {
  // A key pair for tests alone, valid for names that no test can resolve: only the proxy leads there.
  const read = (name: string) => readFile(new URL(`../support/${name}`, import.meta.url), 'utf8');
  tls = { key: await read('elsewhere-key.pem'), cert: await read('elsewhere-certificate.pem') };
  setDefaultCACertificates([tls.cert]);
  simulator = await startSimulator({
    accessKeys: { [key.accessKeyId]: key.accessKeySecret },
    seed: [{ mqttInstanceId: ref.mqttInstanceId, sn: ref.sn }],
    tls,
  });
  vendorPort = Number(new URL(simulator.tlsUrl ?? '').port);
  vi.stubEnv('TEMPORAL_ADDRESS', '127.0.0.1:1');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await simulator.close();
});

/** A server over TLS under names that only a proxy can reach. */
async function served(answer: RequestListener): Promise<number> {
  const server = createServer(tls, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const through = (host: string, more: NodeJS.ProcessEnv = {}) =>
  readEnvironment({ HTTPS_PROXY: `http://${host}`, ...more });

function vendor(env: ReturnType<typeof through>, role?: { arn: string; stsHost: string }) {
  return caCertificateClient({
    credential: () => createCredential(key),
    pace: { claim: () => Promise.resolve() },
    agentFor: wayOut(env).agentFor,
    ...(role ? { role } : {}),
  });
}

test('the vendor is called through the proxy, which sees a host and TLS', async () => {
  const proxy = await startProxy(vendorPort);
  const onsMqtt = vendor(through(proxy.host));
  expect(await onsMqtt.getCaCertificate(ref)).toMatchObject({ ok: true, snapshot: { sn: ref.sn } });
  expect(await onsMqtt.activeCaCertificate(ref, changeId)).toMatchObject({ ok: true });
  expect(new Set(proxy.tunnels)).toEqual(new Set([`${vendorHost}:443`]));
  expect(proxy.sent()[0]).toBe(0x16);
  expect(proxy.sent().includes(ref.sn)).toBe(false);
  expect(proxy.sent().includes('ActiveCaCertificate')).toBe(false);
});

test('sessions are opened through the proxy', async () => {
  const proxy = await startProxy(vendorPort);
  const onsMqtt = vendor(through(proxy.host), { arn: roleArn, stsHost: 'sts.aliyuncs.com' });
  await onsMqtt.activeCaCertificate(ref, changeId);
  expect(proxy.tunnels).toEqual(['sts.aliyuncs.com:443', `${vendorHost}:443`]);
});

test('people’s tokens are verified through the proxy: discovery and keys', async () => {
  const issuer = 'https://id.example';
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'ES256' };
  const port = await served((req, res) => {
    const isKeys = req.url === '/jwks';
    res.end(JSON.stringify(isKeys ? { keys: [jwk] } : { issuer, jwks_uri: `${issuer}/jwks` }));
  });
  const token = await new SignJWT({ roles: ['approver'] })
    .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'at+jwt' })
    .setIssuer(issuer)
    .setSubject('bob')
    .setAudience('countersign')
    .setExpirationTime('10m')
    .sign(privateKey);
  const proxy = await startProxy(port);
  const verifier = await peopleVerifier(through(proxy.host, { OIDC_ISSUER: issuer }));
  expect((await verifier.verify(token)).person).toMatchObject({ subject: 'bob', roles: ['approver'] });
  expect(new Set(proxy.tunnels)).toEqual(new Set(['id.example:443']));

  const closed = await startProxy(port, 407);
  const without = await peopleVerifier(through(closed.host, { OIDC_ISSUER: issuer }));
  await expect(without.verify(token)).rejects.toMatchObject({ code: 'identity_unavailable' });
});

test('notices are sent through the proxy', async () => {
  const bodies: string[] = [];
  const port = await served((req, res) => {
    req.on('data', (chunk) => bodies.push(String(chunk)));
    req.on('end', () => res.writeHead(204).end());
  });
  const send = (host: string, body: string) =>
    makeProxiedFetch(wayOut(through(host)).fetch, [])('https://hooks.example/x', {
      headers: {},
      body,
      signal: AbortSignal.timeout(3000),
    });
  const proxy = await startProxy(port);
  expect(await send(proxy.host, '{"kind":"closed"}')).toMatchObject({ status: 204 });
  expect([bodies, proxy.tunnels]).toEqual([['{"kind":"closed"}'], ['hooks.example:443']]);
  await expect(send((await startProxy(port, 502)).host, '{}')).rejects.toThrow('no answer');
  await expect(send((await startProxy(port, null)).host, '{}')).rejects.toThrow('no answer in time');
});

test('the command line reaches the API through the proxy', async () => {
  const port = await served((_req, res) => res.writeHead(200).end('{"items":[],"nextCursor":null}'));
  const proxy = await startProxy(port);
  const client = apiClient('https://api.example', 'x', wayOut(through(proxy.host)).fetch);
  expect(await client.list(new URLSearchParams())).toEqual({ items: [], nextCursor: null });
  expect(proxy.tunnels).toEqual(['api.example:443']);
});

test('what is in the clear is asked of HTTP_PROXY itself, with the proxy’s login', async () => {
  const proxy = await startProxy(vendorPort);
  const env = readEnvironment({ HTTP_PROXY: `http://user:p%40ss@${proxy.host}` });
  const answer = await wayOut(env).fetch('http://witness.example:8281/add?x=1', {
    method: 'POST',
    body: 'x',
  });
  expect(await answer.text()).toBe('forwarded');
  expect(proxy.forwarded).toEqual(['POST http://witness.example:8281/add?x=1']);
  expect(proxy.logins).toEqual([`Basic ${Buffer.from('user:p@ss').toString('base64')}`]);
});

test.each([407, 502, null])(
  'a proxy that answers %s opened nothing: surely no call was sent',
  async (status) => {
    const proxy = await startProxy(vendorPort, status);
    const before = (await calls(simulator)).total;
    const onsMqtt = vendor(through(proxy.host));
    expect(await onsMqtt.activeCaCertificate(ref, changeId)).toMatchObject({ ok: false, code: 'not_sent' });
    expect(proxy.tunnels).toEqual([`${vendorHost}:443`]);
    expect((await calls(simulator)).total).toBe(before);
  },
);

test('no proxy at all is told, too', async () => {
  const onsMqtt = vendor(through('127.0.0.1:1'));
  expect(await onsMqtt.activeCaCertificate(ref, changeId)).toMatchObject({ ok: false, code: 'not_sent' });
});

test('behind the proxy a server of another name is not trusted', async () => {
  const other = createServer({
    key: await readFile(new URL('../simulator/loopback-key.pem', import.meta.url), 'utf8'),
    cert: await readFile(new URL('../simulator/loopback-certificate.pem', import.meta.url), 'utf8'),
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  onTestFinished(() => void other.close());
  const proxy = await startProxy((other.address() as AddressInfo).port);
  expect(await vendor(through(proxy.host)).activeCaCertificate(ref, changeId)).toMatchObject({
    ok: false,
    code: 'not_sent',
  });
});

test('loopback, and what NO_PROXY names, never goes by a proxy; lower case is read first', async () => {
  const proxy = await startProxy(vendorPort);
  const url = `http://${proxy.host}`;
  const env = readEnvironment({
    HTTPS_PROXY: 'http://127.0.0.1:1',
    https_proxy: url,
    no_proxy: 'aliyuncs.com',
  });
  expect(env).toMatchObject({ HTTPS_PROXY: url, NO_PROXY: 'aliyuncs.com' });
  const { agentFor, proxyOf } = wayOut(env);
  expect(agentFor(new URL(`https://${vendorHost}`))).toBeUndefined();
  expect(agentFor(new URL('https://127.0.0.1:8443'))).toBeUndefined();
  expect(proxyOf('https://id.example')).toBe(proxy.host);
  const local = caCertificateClient({
    endpoint: simulator.url,
    credential: () => createCredential(key),
    pace: { claim: () => Promise.resolve() },
    agentFor: wayOut(readEnvironment({ HTTP_PROXY: url, HTTPS_PROXY: url })).agentFor,
  });
  expect(await local.getCaCertificate(ref)).toMatchObject({ ok: true });
  expect(proxy.tunnels).toEqual([]);
  expect(() => readEnvironment({ HTTPS_PROXY: 'socks5://proxy' })).toThrow('HTTPS_PROXY');
});

test('doctor asks the vendor a question that changes nothing, and says through which proxy', async () => {
  const proxy = await startProxy(vendorPort);
  const found = async (more: NodeJS.ProcessEnv) => {
    const findings = await examine(
      through(proxy.host, {
        COUNTERSIGN_HOME: '/nowhere',
        ONSMQTT_REGION: 'cn-hangzhou',
        ALIBABA_CLOUD_ACCESS_KEY_ID: key.accessKeyId,
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: key.accessKeySecret,
        ...more,
      }),
    );
    return findings.find(({ name }) => name === 'ApsaraMQ for MQTT');
  };
  const good = await found({});
  expect(good).toMatchObject({ ok: true });
  expect(good?.found).toContain(`${vendorHost}, through the proxy ${proxy.host}`);
  expect(proxy.tunnels).toEqual([`${vendorHost}:443`]);
  expect(await found({ ALIBABA_CLOUD_ACCESS_KEY_ID: 'nobody' })).toMatchObject({
    ok: false,
    found: expect.stringContaining('InvalidAccessKeyId') as string,
  });
  const direct = await found({ ONSMQTT_ENDPOINT: simulator.url });
  expect(direct).toMatchObject({ ok: true });
  expect(direct?.found).not.toContain('proxy');
  expect(await found({ HTTPS_PROXY: 'http://user:secret@127.0.0.1:1' })).toMatchObject({
    ok: false,
    found: expect.not.stringContaining('secret') as string,
  });
});

test('Temporal on loopback is not asked for through a proxy', async () => {
  vi.stubEnv('TEMPORAL_ADDRESS', inject('temporalAddress'));
  vi.stubEnv('http_proxy', 'http://127.0.0.1:1');
  vi.stubEnv('https_proxy', 'http://127.0.0.1:1');
  const findings = await examine(
    readEnvironment({ COUNTERSIGN_HOME: '/nowhere', ONSMQTT_ENDPOINT: simulator.url }),
  );
  const temporal = findings.find(({ name }) => name === 'Temporal');
  expect(temporal).toMatchObject({ ok: true });
});

test.each(['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy'])(
  'a login in %s that is badly escaped is refused',
  (name) => {
    expect(() => readEnvironment({ [name]: 'http://user:100%@proxy.example:3128' })).toThrow(
      `${name.toUpperCase()}: must have escapes such as %25`,
    );
    expect(() => readEnvironment({ [name]: 'http://user:100%25@proxy.example:3128' })).not.toThrow();
  },
);
