import type { Action } from './actions.ts';
import type { Parameters } from './certificate-kind.ts';
import { VendorError } from './vendor-error.ts';

/** Longest serial number, bytes. */
export const MAX_SN_BYTES = 128;

const MAX_PAGE_SIZE = 100;

function isValid(name: string, value: string): boolean {
  if (name === 'PageNo') return /^[1-9]\d{0,8}$/.test(value);
  if (name === 'PageSize') return /^[1-9]\d{0,2}$/.test(value) && Number(value) <= MAX_PAGE_SIZE;
  return value !== '' && (!name.endsWith('Sn') || Buffer.byteLength(value) <= MAX_SN_BYTES);
}

/**
 * Checks an action's parameters: present, serial numbers at most 128 bytes, pages from 1, page sizes 1 to 100.
 *
 * @throws VendorError ParameterFieldCheckFailed naming the first parameter that is wrong
 */
export function checkParameters(action: Action, parameters: Parameters): void {
  const wrong = action.parameters.find((name) => !isValid(name, parameters[name] ?? ''));
  if (wrong !== undefined) throw new VendorError('ParameterFieldCheckFailed', `Parameter: ${wrong}.`);
}
