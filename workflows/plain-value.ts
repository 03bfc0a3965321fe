import { RawValue } from '@temporalio/common';
import { plainMember } from '../domain/plain-payload.ts';

/**
 * A value that a host says to Countersign: plain JSON, whatever payload converter the host has. Where the host's SDK is
 * another copy than ours and does not know the class, its converter finds the same JSON.
 */
export class PlainValue extends RawValue {
  readonly #value: object;
  constructor(value: object) {
    const marked = { ...value, ...plainMember };
    super(marked);
    this.#value = marked;
  }
  toJSON(): object {
    return this.#value;
  }
}
