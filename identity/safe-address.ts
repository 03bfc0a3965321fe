const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

/** Whether an address is one of this machine. */
export function isLoopback({ hostname }: URL): boolean {
  return loopback.has(hostname);
}

/** Whether a token, or what decides over tokens, may be sent to an address: by https, or on this machine. */
export function isSafeAddress(url: URL): boolean {
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url));
}
