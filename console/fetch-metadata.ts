import { CountersignError } from '../domain/error.ts';

/** What a browser says of a request, as its headers have it. */
export interface FetchMetadata {
  readonly method: string;
  /** `Sec-Fetch-Site`: no page can set it. */
  readonly site: string | undefined;
  readonly origin: string | undefined;
  /** `X-Countersign`, which a page of elsewhere cannot send without being asked for it first (CORS), and is never allowed. */
  readonly mark: string | undefined;
  readonly contentType: string | undefined;
  readonly hasBody: boolean;
}

const reads = ['GET', 'HEAD'];

/**
 * Why a request is none of the console's own page (cross-site request forgery); null where it is.
 *
 * @param own - the console's origin
 * @returns null, or `forbidden` (403), `unsupported_media_type` (415)
 */
export function refusalOfFetch(request: FetchMetadata, own: string): CountersignError | null {
  const { method, site, origin, mark, contentType, hasBody } = request;
  if (site !== 'same-origin') {
    const got = site === undefined ? 'none: the browser is too old' : site;
    return new CountersignError('forbidden', `Sec-Fetch-Site: expected same-origin, got ${got}`);
  }
  if (origin !== undefined && origin !== own) {
    return new CountersignError('forbidden', `Origin: expected ${own}`);
  }
  if (reads.includes(method)) return null;
  if (mark !== '1') return new CountersignError('forbidden', 'X-Countersign: expected 1');
  // A form of elsewhere can send the other types.
  if ((hasBody || contentType !== undefined) && !/^application\/json *(;|$)/i.test(contentType ?? '')) {
    return new CountersignError('unsupported_media_type', 'the body must be application/json');
  }
  return null;
}

/**
 * Why nobody may be sent to log in from where they come: a page of elsewhere could otherwise begin a login over somebody's
 * head. Whoever types the address comes from nowhere.
 *
 * @returns null, or `forbidden` (403)
 */
export function refusalOfLogin(site: string | undefined): CountersignError | null {
  if (site === 'same-origin' || site === 'none') return null;
  return new CountersignError('forbidden', 'Sec-Fetch-Site: expected same-origin or none; open the console');
}
