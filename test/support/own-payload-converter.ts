import {
  CompositePayloadConverter,
  JsonPayloadConverter,
  UndefinedPayloadConverter,
} from '@temporalio/common';
import type { Payload, PayloadConverterWithEncoding } from '@temporalio/common';

/** A team's own form of JSON: every value goes in an envelope, under an encoding that nobody else knows. */
const enveloping: PayloadConverterWithEncoding = {
  encodingType: 'json/enveloped',
  toPayload(value: unknown): Payload {
    const data = new TextEncoder().encode(JSON.stringify({ enveloped: value ?? null }));
    return { metadata: { encoding: new TextEncoder().encode('json/enveloped') }, data };
  },
  fromPayload: ({ data }: Payload) => {
    const text = new TextDecoder().decode(data ?? new Uint8Array());
    return (JSON.parse(text) as { enveloped: never }).enveloped;
  },
};

/** It writes its own form, and reads plain JSON beside it. */
export const payloadConverter = new CompositePayloadConverter(
  new UndefinedPayloadConverter(),
  enveloping,
  new JsonPayloadConverter(),
);
