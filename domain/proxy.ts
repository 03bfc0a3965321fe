/** Which proxies stand between this process and others: `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`. */
export interface ProxySettings {
  /** For `http:` addresses; a URL, or null. */
  readonly http: string | null;
  /** For `https:` addresses; a URL, or null. */
  readonly https: string | null;
  /** Names and addresses that are reached without: `*`, or a list of hosts, domains (with all below them) and `host:port`. */
  readonly none: string;
}

/** This machine, and the address at which the cloud tells a machine its own credentials. */
const always = /^(localhost|.*\.localhost|127\.\d+\.\d+\.\d+|\[::1\]|100\.100\.100\.200|169\.254\.169\.254)$/;

/** The proxy by which an address is reached, or null where it is reached directly. Loopback always is. */
export function proxyFor(
  { protocol, hostname, port }: Pick<URL, 'protocol' | 'hostname' | 'port'>,
  { http, https, none }: ProxySettings,
): string | null {
  const proxy = protocol === 'https:' ? https : protocol === 'http:' ? http : null;
  const host = hostname.toLowerCase().replace(/\.$/, '');
  if (proxy === null || always.test(host)) return null;
  const usedPort = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  const exempt = none
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => isExempt(entry, host, usedPort));
  return exempt ? null : proxy;
}

function isExempt(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const [, name = '', itsPort] = /^(.*?)(?::(\d+))?$/.exec(bare(entry)) ?? [];
  if (itsPort !== undefined && itsPort !== port) return false;
  const domain = name.replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  const itsHost = host.replace(/^\[|\]$/g, '');
  return domain !== '' && (itsHost === domain || itsHost.endsWith(`.${domain}`));
}

/** An IPv6 address written without brackets has colons of its own. */
function bare(entry: string): string {
  return /^[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:]*$/.test(entry) ? `[${entry}]` : entry;
}
