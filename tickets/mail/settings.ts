import { z } from 'zod';
import { secretFile } from '../settings.ts';

const mailbox = z
  .string()
  .min(3)
  .max(320)
  .regex(/^[^\p{Cc}]*[^\s@<>]+@[A-Za-z0-9.-]+>?$/u, {
    error: 'must be an address, such as team@example.com',
  });

/** A mail server; see docs/mail.md. */
export const mailSettings = z
  .strictObject({
    kind: z.literal('mail'),
    host: z.string().min(1).max(253),
    port: z.int().min(1).max(65_535).default(587),
    tls: z
      .enum(['implicit', 'starttls', 'none'])
      .default('starttls')
      .meta({ description: 'none: on loopback only.' }),
    user: z.string().min(1).max(320).optional(),
    passwordFile: secretFile.optional(),
    from: mailbox,
    to: z.array(mailbox).min(1).max(50),
  })
  .refine(({ tls, host }) => tls !== 'none' || ['localhost', '127.0.0.1', '::1'].includes(host), {
    error: 'tls: none is for loopback only',
  })
  .refine(({ user, passwordFile }) => (user === undefined) === (passwordFile === undefined), {
    error: 'must have both user and passwordFile, or neither',
  });
export type MailSettings = z.infer<typeof mailSettings>;
