/** Longer than any address of the page; with all attempts to log in, in a browser's cookies, it has room in a request's head. */
const longest = 1000;

/**
 * Where a login leads to: a path of the page with its query. Everything else that is asked for becomes `/`: another host, in
 * whatever spelling, and addresses that are none of the page's.
 *
 * @param wanted - as the browser gave it
 */
export function returnPath(wanted: unknown): string {
  if (typeof wanted !== 'string') return '/';
  // Browsers take a backslash for a slash, and drop tabs and line ends.
  if (!wanted.startsWith('/') || /[\\\p{Cc}]/u.test(wanted)) return '/';
  const base = 'https://console.invalid';
  if (!URL.canParse(wanted, base)) return '/';
  const { origin, pathname, search } = new URL(wanted, base);
  // `/..//elsewhere` has this origin, and a path that would name another host.
  if (origin !== base || pathname.startsWith('//')) return '/';
  if (/^\/(api|session|login)(\/|$)/.test(pathname)) return '/';
  // As it is sent: a character may be nine there.
  const path = `${pathname}${search}`;
  return path.length > longest ? '/' : path;
}
