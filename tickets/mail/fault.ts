import { RemoteError } from '../remote-error.ts';
import type { RemoteFault } from '../remote-error.ts';

/**
 * What came of a mail that was not sent: by the reply code of SMTP (RFC 5321 section 4.2.1), where the server gave one. The
 * error's own message has what the server said, which may be an address or a password, so nothing of it is kept.
 */
export function mailError(error: unknown): RemoteError {
  const { code, responseCode } = (error ?? {}) as {
    readonly code?: unknown;
    readonly responseCode?: unknown;
  };
  const reply =
    typeof responseCode === 'number' && responseCode >= 400 && responseCode < 600 ? responseCode : null;
  const said = reply === null ? 'gave no answer' : `answered ${reply}`;
  return new RemoteError(faultOf(code, reply), `the mail server ${said}`);
}

function faultOf(code: unknown, reply: number | null): RemoteFault {
  // STARTTLS is not offered, or fails: whatever the server answered to it, it is not the mail that is wrong.
  if (code === 'ETLS') return 'unreachable';
  // 530, 534, 535, 538: a login is needed, or this one is wrong.
  if (code === 'EAUTH' || reply === 530 || reply === 534 || reply === 535 || reply === 538) return 'denied';
  if (reply === null) return code === 'EENVELOPE' || code === 'EMESSAGE' ? 'refused' : 'unreachable';
  return reply < 500 ? 'failed' : 'refused';
}
