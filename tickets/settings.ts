import { z } from 'zod';
import { isSafeAddress } from '../domain/loopback.ts';

/** Pieces of what the file of COUNTERSIGN_INTEGRATIONS says. A secret is never in it: it names the file that holds one. */

/** A file with one secret, without a line end. */
export const secretFile = z
  .string()
  .min(1)
  .max(4096)
  .meta({ description: 'A file that holds the secret alone.' });

/** The address of somebody else's system; plain HTTP on loopback only. */
export const systemUrl = z
  .string()
  .max(2000)
  .refine(isSystemUrl, {
    error: 'must be an https: URL without user, query and fragment; http: on loopback only',
  })
  .meta({ description: 'Where the system is, without a path of its API.' });

/** A login of one process: with a user it is sent as Basic, otherwise as Bearer. */
export const credential = z
  .strictObject({
    user: z
      .string()
      .min(1)
      .max(320)
      .optional()
      .meta({ description: 'An account; without it the secret is a bearer token.' }),
    secretFile,
  })
  .meta({ description: 'A login at the system.' });

/** An address range in CIDR notation, such as `10.1.0.0/16` or `fd00::/8`. */
export const network = z.union([z.cidrv4(), z.cidrv6()]);

function isSystemUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') return false;
  return isSafeAddress(url);
}
