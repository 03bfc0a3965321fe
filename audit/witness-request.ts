/** What a log sends a witness: its tree's growth since `oldSize`, with the proof of it and the checkpoint. */
export interface WitnessRequest {
  /** Size of the last tree that the witness cosigned, as the log believes. */
  readonly oldSize: number;
  /** The consistency proof from that size to the checkpoint's, SHA-256 hashes. */
  readonly proof: readonly Buffer[];
  /** The checkpoint: a signed note. */
  readonly checkpoint: string;
}

/** Content type of a 409's body, which is the size of the last cosigned tree. */
export const sizeContentType = 'text/x.tlog.size';

/** Most bytes that a request may have: 63 hashes and a note with some signatures are below a third of it. */
export const maxRequestBytes = 32_768;

const mostProofLines = 63;

/** A request as the body of `POST /add-checkpoint` (C2SP tlog-witness, "add-checkpoint"). */
export function formatWitnessRequest({ oldSize, proof, checkpoint }: WitnessRequest): string {
  return [`old ${oldSize}`, ...proof.map((hash) => hash.toString('base64')), '', checkpoint].join('\n');
}

/** The body of `POST /add-checkpoint`, or null when it breaks the format. */
export function parseWitnessRequest(body: string): WitnessRequest | null {
  const end = body.indexOf('\n\n');
  if (end < 0) return null;
  const [old = '', ...lines] = body.slice(0, end).split('\n');
  const size = /^old (0|[1-9]\d{0,15})$/.exec(old)?.[1];
  if (size === undefined || !Number.isSafeInteger(Number(size)) || lines.length > mostProofLines) return null;
  const proof = lines.map((line) => Buffer.from(line, 'base64'));
  // Decoding forgives what the format does not: bytes are compared as they would be written.
  if (proof.some((hash, i) => hash.length !== 32 || hash.toString('base64') !== lines[i])) return null;
  return { oldSize: Number(size), proof, checkpoint: body.slice(end + 2) };
}
