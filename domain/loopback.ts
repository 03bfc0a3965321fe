/** Whether a host, as a URL has it, is this machine: what goes there without TLS passes nobody. */
export function isLoopback(hostname: string): boolean {
  return ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}
