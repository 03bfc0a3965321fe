import { context, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { RequestHandler } from 'express';

/** A server span for each call, child of the caller's W3C trace context; without a tracer set up it costs nothing. */
export const traceCalls: RequestHandler = (req, res, next) => {
  const parent = propagation.extract(context.active(), req.headers);
  const path = req.path.replace(/[0-9a-f]{8}-[0-9a-f-]{27}/i, '{id}');
  const span = trace
    .getTracer('countersign')
    .startSpan(
      `${req.method} ${path}`,
      { kind: SpanKind.SERVER, attributes: { 'http.request.method': req.method, 'url.path': path } },
      parent,
    );
  res.once('close', () => {
    span.setAttribute('http.response.status_code', res.statusCode);
    if (res.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(parent, span), next);
};
