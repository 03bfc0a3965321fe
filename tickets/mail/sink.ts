import { deliverMilestones } from '../deliver-milestones.ts';
import type { Sink } from '../sink.ts';
import { domainOf, mailOf } from './message.ts';
import type { MailSettings } from './settings.ts';
import { withMailServer } from './transport.ts';

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

/** One mail for each thing that people are told of a change, to all recipients. */
export function makeMailSink(settings: MailSettings, dependencies: MailDependencies): Sink {
  const { password, linkOf, now, onRefusedRecipients } = dependencies;
  const { from, to } = settings;
  const domain = domainOf(from);
  return {
    async deliver(delivery) {
      const { change, subscription, signal } = delivery;
      const place = { subscription, domain, url: linkOf(change.id), now: now() };
      return await deliverMilestones(delivery, async (milestone, before) => {
        const mail = mailOf(milestone, before, place);
        const { rejected } = await withMailServer(settings, password, signal, (transport) =>
          transport.sendMail({
            ...mail,
            references: [...mail.references],
            from,
            to: [...to],
            headers: { 'auto-submitted': 'auto-generated', 'x-auto-response-suppress': 'All' },
          }),
        );
        if (rejected.length > 0) onRefusedRecipients?.(rejected.length);
      });
    },
  };
}
