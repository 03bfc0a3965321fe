import { z } from 'zod';

/** Most payloads in one call: an event of a history has a few. */
const most = 1000;
const base64 = z.string();

/** A payload as Temporal's codec servers exchange it (proto3 JSON): bytes are base64. Other members are passed on. */
const payloadSchema = z
  .looseObject({
    metadata: z.record(z.string(), base64).nullish(),
    data: base64.nullish(),
  })
  .openapi('Payload');

/** Body and answer of `POST /v1/payloads/decode`. Protocol Buffers leave out a list that is empty, and Temporal's command line asks so. */
export const payloadsSchema = z
  .object({ payloads: z.array(payloadSchema).max(most).default([]) })
  .openapi('Payloads');

/** A payload of {@link payloadsSchema}. */
export type WirePayload = z.infer<typeof payloadSchema>;
