import { z } from 'zod';
import { secretFile } from '../settings.ts';

/** A mail server; see docs/mail.md. */
export const mailSettings = z.strictObject({
  kind: z.literal('mail'),
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65_535).default(587),
  tls: z
    .enum(['implicit', 'starttls', 'none'])
    .default('starttls')
    .meta({ description: 'none: on loopback only.' }),
  user: z.string().min(1).max(320).optional(),
  passwordFile: secretFile.optional(),
  from: z.string().min(3).max(320),
  to: z.array(z.string().min(3).max(320)).min(1).max(50),
});
export type MailSettings = z.infer<typeof mailSettings>;
