import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { SMTPServer } from 'smtp-server';
import type { SMTPServerOptions } from 'smtp-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { makeMailSink } from '../../../tickets/mail/sink.ts';
import { mailSettings } from '../../../tickets/mail/settings.ts';
import { checkMailServer } from '../../../tickets/mail/transport.ts';
import { RemoteError } from '../../../tickets/remote-error.ts';
import { Deliveries, ToldChange } from '../told-change.ts';

const pem = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'simulator', `loopback-${name}.pem`), 'utf8');
const trusted = getCACertificates('default');
beforeAll(() => setDefaultCACertificates([...trusted, pem('certificate')]));
afterAll(() => setDefaultCACertificates(trusted));

/** A mail as the server got it. */
interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly raw: string;
  readonly secure: boolean;
}

let servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers) await new Promise<void>((resolve) => server.close(() => resolve()));
  servers = [];
});

async function startServer(options: SMTPServerOptions = {}) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    logger: false,
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          raw: Buffer.concat(chunks).toString('utf8'),
          secure: session.secure,
        });
        done();
      });
    },
    ...options,
  });
  // What a client breaks off is reported here.
  server.on('error', () => undefined);
  servers.push(server);
  const { port } = await new Promise<{ port: number }>((resolve) => {
    const listening = server.listen(0, '127.0.0.1', () => resolve(listening.address() as { port: number }));
  });
  return { received, port };
}

function sinkAt(port: number, more: object = {}, dependencies: object = {}) {
  const settings = mailSettings.parse({
    kind: 'mail',
    host: '127.0.0.1',
    port,
    tls: 'none',
    from: 'Countersign <noreply@example.com>',
    to: ['team@example.com', 'Second <second@example.com>'],
    ...more,
  });
  const linkOf = (id: string) => `https://countersign.example/changes/${id}`;
  return makeMailSink(settings, { password: null, linkOf, now: Date.now, ...dependencies });
}

const told = () => {
  const change = new ToldChange({ justification: 'a\r\n.\r\nBcc: eve@evil.example' });
  return { change, deliveries: new Deliveries(change), entries: change.tell('requested', 'prechecked') };
};

const header = ({ raw }: Received, name: string) =>
  new RegExp(`^${name}: (.*(?:\\r\\n[ \\t].*)*)`, 'im').exec(raw)?.[1]?.replaceAll(/\s+/g, ' ');

async function faultOf(work: Promise<unknown>): Promise<unknown> {
  return await work.then(
    () => 'delivered',
    (error: unknown) => (error instanceof RemoteError ? error.fault : error),
  );
}

describe('a mail', () => {
  test('for each thing that people are told of, in one thread, to everybody', async () => {
    const { received, port } = await startServer();
    const { change, deliveries, entries } = told();
    const sink = sinkAt(port);
    expect(await sink.deliver(deliveries.of(entries))).toBe(2);
    await sink.deliver(deliveries.of(change.tell('reminded')));
    await sink.deliver(deliveries.of(change.tell('escalated')));
    await sink.deliver(deliveries.of(change.tell('approved', 'scheduled')));
    await sink.deliver(deliveries.of(change.tell('closed')));

    expect(received.map((mail) => header(mail, 'Subject')?.split(':')[0])).toEqual([
      'Approval wanted',
      'Reminder, approval wanted',
      'Approval still wanted',
      'Approved',
      'Ended, succeeded',
    ]);
    const [first, , , , last] = received;
    if (!first || !last) throw new Error('no mails');
    expect(first).toMatchObject({
      from: 'noreply@example.com',
      to: ['team@example.com', 'second@example.com'],
    });
    expect(header(first, 'Auto-Submitted')).toBe('auto-generated');
    expect(header(last, 'References')).toContain(header(first, 'Message-ID'));
    expect(header(last, 'References')?.split(' ')[0]).toBe(header(first, 'References'));
    expect(last.raw).toContain('1A2B-3C');
  });

  test('has no header and no line of what people wrote', async () => {
    const { received, port } = await startServer();
    const { deliveries, entries } = told();
    await sinkAt(port).deliver(deliveries.of(entries));
    expect(received.map((mail) => header(mail, 'Bcc'))).toEqual([undefined]);
  });

  test('that comes again after a kill has the same Message-ID', async () => {
    const { received, port } = await startServer();
    const { deliveries, entries } = told();
    await sinkAt(port).deliver(deliveries.of(entries));
    await sinkAt(port).deliver(deliveries.of(entries));
    expect(received).toHaveLength(1);
    deliveries.memory = null;
    await sinkAt(port).deliver(deliveries.of(entries));
    const [first, second] = received.map((mail) => header(mail, 'Message-ID'));
    expect(second).toBe(first);
  });

  test('that is taken for some counts as sent, and it is told', async () => {
    const refused: number[] = [];
    const { received, port } = await startServer({
      onRcptTo({ address }, _session, done) {
        done(
          address === 'team@example.com' ? Object.assign(new Error('unknown'), { responseCode: 550 }) : null,
        );
      },
    });
    const { deliveries, entries } = told();
    const sink = sinkAt(port, {}, { onRefusedRecipients: (count: number) => refused.push(count) });
    expect(await sink.deliver(deliveries.of(entries))).toBe(2);
    expect(received[0]?.to).toEqual(['second@example.com']);
    expect(refused).toEqual([1]);
  });
});

describe('TLS and login', () => {
  const login = { user: 'countersign', passwordFile: '/run/secrets/mail' };
  const certificate = () => ({ key: pem('key'), cert: pem('certificate') });

  test.each([
    ['implicit', { secure: true }],
    ['starttls', {}],
  ] as const)('%s: the login goes over TLS alone', async (tls, options) => {
    const logins: string[] = [];
    const { received, port } = await startServer({
      ...certificate(),
      ...options,
      authOptional: false,
      disabledCommands: [],
      onAuth({ username = '', password = '' }, session, done) {
        logins.push(`${username} ${password} ${session.secure}`);
        done(null, { user: username });
      },
    });
    const { deliveries, entries } = told();
    await sinkAt(port, { ...login, tls }, { password: 'a-password' }).deliver(deliveries.of(entries));
    expect(logins).toEqual(['countersign a-password true']);
    expect(received).toMatchObject([{ secure: true }]);
  });

  test('a server without STARTTLS is given nothing', async () => {
    const commands: string[] = [];
    const { received, port } = await startServer({
      disabledCommands: ['STARTTLS'],
      authOptional: true,
      allowInsecureAuth: true,
      onAuth({ username = '' }, _session, done) {
        commands.push(username);
        done(null, { user: username });
      },
    });
    const { deliveries, entries } = told();
    const sink = sinkAt(port, { ...login, tls: 'starttls' }, { password: 'a-password' });
    expect(await faultOf(sink.deliver(deliveries.of(entries)))).toBe('unreachable');
    expect([commands, received]).toEqual([[], []]);
  });

  test('a certificate that nobody trusts is refused', async () => {
    setDefaultCACertificates(trusted);
    try {
      const { port } = await startServer({ ...certificate(), secure: true, disabledCommands: [] });
      const { deliveries, entries } = told();
      expect(await faultOf(sinkAt(port, { tls: 'implicit' }).deliver(deliveries.of(entries)))).toBe(
        'unreachable',
      );
    } finally {
      setDefaultCACertificates([...trusted, pem('certificate')]);
    }
  });

  test('a wrong password is denied, and stands in no error', async () => {
    const { port } = await startServer({
      ...certificate(),
      authOptional: false,
      disabledCommands: [],
      onAuth: (_auth, _session, done) => done(new Error('a-password is wrong')),
    });
    const { deliveries, entries } = told();
    const sink = sinkAt(port, { ...login, tls: 'starttls' }, { password: 'a-password' });
    const error: unknown = await sink.deliver(deliveries.of(entries)).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ fault: 'denied' });
    expect(String(error)).not.toMatch(/a-password|127\.0\.0\.1/);
  });
});

describe('a check of the server', () => {
  const server = (port: number, user?: string) =>
    ({ host: '127.0.0.1', port, tls: 'starttls', user }) as const;
  const check = (port: number, password: string | null, user?: string) =>
    checkMailServer(server(port, user), password, new AbortController().signal);

  test('logs in and sends nothing', async () => {
    const { received, port } = await startServer({
      key: pem('key'),
      cert: pem('certificate'),
      authOptional: false,
      disabledCommands: [],
      onAuth: ({ password }, _session, done) =>
        password === 'right' ? done(null, { user: 'a' }) : done(new Error('wrong')),
    });
    await expect(check(port, 'right', 'countersign')).resolves.toBeUndefined();
    await expect(check(port, 'wrong', 'countersign')).rejects.toMatchObject({ fault: 'denied' });
    expect(received).toEqual([]);
  });

  test('says that nobody is there', async () => {
    await expect(check(1, null)).rejects.toMatchObject({ fault: 'unreachable' });
  });
});

describe('what goes wrong', () => {
  test.each([
    [421, 'failed'],
    [450, 'failed'],
    [554, 'refused'],
  ])('the server answers %d', async (responseCode, fault) => {
    const { port } = await startServer({
      onMailFrom: (_address, _session, done) => done(Object.assign(new Error('no'), { responseCode })),
    });
    const { deliveries, entries } = told();
    expect(await faultOf(sinkAt(port).deliver(deliveries.of(entries)))).toBe(fault);
  });

  test('nobody there', async () => {
    const { deliveries, entries } = told();
    expect(await faultOf(sinkAt(1).deliver(deliveries.of(entries)))).toBe('unreachable');
  });

  test('a delivery that has to end is broken off', async () => {
    const { port } = await startServer({ onMailFrom: () => undefined });
    const { deliveries, entries } = told();
    const stopping = new AbortController();
    const work = faultOf(sinkAt(port).deliver({ ...deliveries.of(entries), signal: stopping.signal }));
    setTimeout(() => stopping.abort(), 50);
    expect(await work).toBe('unreachable');
  });
});
