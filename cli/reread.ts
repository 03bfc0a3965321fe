import type { Logger } from 'pino';

/**
 * Reads something at the start, and again on each SIGHUP. An error then is logged, and what was read before holds.
 *
 * @param what - in the plural, for the log, such as `the integrations`
 * @returns what was read last
 * @throws what `read` throws, at the start
 */
export async function rereadOnHangup<T>(
  read: () => Promise<T>,
  log: Pick<Logger, 'info' | 'error'>,
  what: string,
): Promise<() => T> {
  let current = await read();
  // One read after another, so that an earlier read never replaces a later one.
  let reading = Promise.resolve();
  const readAgain = async () => {
    current = await read();
    log.info(`${what} were read again`);
  };
  process.on('SIGHUP', () => {
    reading = reading.then(readAgain).catch((err: unknown) => {
      log.error({ err: err as Error }, `${what} could not be read again; those of before hold`);
    });
  });
  return () => current;
}
