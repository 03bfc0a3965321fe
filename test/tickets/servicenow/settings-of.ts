import { serviceNowSettings } from '../../../tickets/servicenow/settings.ts';
import type { ServiceNowSettings } from '../../../tickets/servicenow/settings.ts';

/** Settings for a local ServiceNow, with the accounts that it begins with. */
export function settingsOf(url: string, more: Record<string, unknown> = {}): ServiceNowSettings {
  return serviceNowSettings.parse({
    kind: 'servicenow',
    url,
    read: { user: 'countersign.reader', secretFile: 'reader' },
    write: { user: 'countersign', secretFile: 'writer' },
    create: { type: 'normal' },
    ...more,
  });
}

/** What the secret files hold. */
export const secrets = { reader: 'reader-secret', writer: 'writer-secret' };

/** The fault that an asynchronous call ends with: its kind, what it says, and how long to wait. */
export async function faultOf(call: Promise<unknown>): Promise<Record<string, unknown>> {
  return call.then(
    () => ({ fault: null }),
    (error: unknown) => {
      const { name, fault, message, httpStatus, retryAfterMs } = error as Record<string, unknown>;
      return { name, fault, message, httpStatus, retryAfterMs };
    },
  );
}
