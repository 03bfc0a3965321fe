import { RawValue } from '@temporalio/common';

/**
 * A value that a host says to Countersign: JSON, whatever payload converter the host has; the host's codec encodes it like
 * everything else. Where the host's SDK is another copy than ours and does not know the class, its converter finds the same JSON.
 */
export class PlainValue extends RawValue {
  readonly #value: object;
  constructor(value: object) {
    super(value);
    this.#value = value;
  }
  toJSON(): object {
    return this.#value;
  }
}
