/** Why a trail cannot be read: there is none, it is something else, or it ends half-way. */
export type TrailFault = 'not_found' | 'wrong_format' | 'cut';

/** Ends the reading of a trail. */
export class BrokenTrail extends Error {
  readonly kind: TrailFault;
  constructor(kind: TrailFault, message: string) {
    super(message);
    this.name = 'BrokenTrail';
    this.kind = kind;
  }
}
