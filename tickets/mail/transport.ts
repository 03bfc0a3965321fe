import { createTransport } from 'nodemailer';
import type { Transporter } from 'nodemailer';
import { mailError } from './fault.ts';
import { openSocket } from './own-socket.ts';
import type { MailSettings } from './settings.ts';

const deadlineMs = 20_000;

/** What of the settings says where the server is and who logs in. */
type Server = Pick<MailSettings, 'host' | 'port' | 'tls' | 'user'>;

/**
 * Does something with a connection to the mail server, and closes it.
 *
 * @param password - null where the server asks for no login
 * @param signal - closes the connection at once
 * @throws RemoteError
 */
export async function withMailServer<T>(
  { host, port, tls, user }: Server,
  password: string | null,
  signal: AbortSignal,
  use: (transport: Transporter) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const transport = createTransport({
    host,
    port,
    secure: tls === 'implicit',
    // A server that offers no STARTTLS is not given the login in plain text.
    requireTLS: tls === 'starttls',
    ignoreTLS: tls === 'none',
    // A server that asks for no login, though one is set, is not the one that was meant.
    ...(user !== undefined && password !== null ? { auth: { user, pass: password }, forceAuth: true } : {}),
    getSocket(_options, done) {
      openSocket({ host, port, deadlineMs }, signal).then(
        (connection) => done(null, { connection }),
        (error: unknown) => done(error as Error, false),
      );
    },
    connectionTimeout: deadlineMs,
    greetingTimeout: deadlineMs,
    socketTimeout: deadlineMs,
    // Nothing of a mail is a file or an address to be fetched.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    return await use(transport);
  } catch (error) {
    throw mailError(error);
  } finally {
    transport.close();
  }
}

/** Connects and logs in, and sends nothing. @throws RemoteError */
export async function checkMailServer(
  server: Server,
  password: string | null,
  signal: AbortSignal,
): Promise<void> {
  await withMailServer(server, password, signal, (transport) => transport.verify());
}
