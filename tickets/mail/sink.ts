import { createTransport } from 'nodemailer';
import { deliverMilestones } from '../deliver-milestones.ts';
import type { Sink } from '../sink.ts';
import { mailError } from './fault.ts';
import { domainOf, mailOf } from './message.ts';
import type { Mail } from './message.ts';
import { openSocket } from './own-socket.ts';
import type { MailSettings } from './settings.ts';

/** What a sink of mails works with. */
export interface MailDependencies {
  /** Null where the server asks for no login. */
  readonly password: string | null;
  /** A page that shows the change; null where none is known. */
  readonly linkOf: (changeId: string) => string | null;
  /** Ms since the epoch. */
  readonly now: () => number;
  /** Told when the server took a mail for some of its recipients alone: how many it refused. */
  readonly onRefusedRecipients?: (count: number) => void;
}

const deadlineMs = 20_000;

/** One mail for each thing that people are told of a change, to all recipients. */
export function makeMailSink(settings: MailSettings, dependencies: MailDependencies): Sink {
  const { linkOf, now } = dependencies;
  const send = makeSend(settings, dependencies);
  const domain = domainOf(settings.from);
  return {
    async deliver(delivery) {
      const { change, subscription, signal } = delivery;
      const place = { subscription, domain, url: linkOf(change.id), now: now() };
      return await deliverMilestones(delivery, async (milestone, before) => {
        await send(mailOf(milestone, before, place), signal);
      });
    },
  };
}

function makeSend(settings: MailSettings, { password, onRefusedRecipients }: MailDependencies) {
  const { host, port, tls, user, from, to } = settings;
  return async (mail: Mail, signal: AbortSignal): Promise<void> => {
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
      getSocket(_options, use) {
        openSocket({ host, port, deadlineMs }, signal).then(
          (connection) => use(null, { connection }),
          (error: unknown) => use(error as Error, false),
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
      const { rejected } = await transport.sendMail({
        ...mail,
        references: [...mail.references],
        from,
        to: [...to],
        headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
      });
      if (rejected.length > 0) onRefusedRecipients?.(rejected.length);
    } catch (error) {
      throw mailError(error);
    } finally {
      transport.close();
    }
  };
}
