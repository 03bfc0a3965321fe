import { resourceFromAttributes } from '@opentelemetry/resources';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { OpenTelemetryPlugin } from '@temporalio/interceptors-opentelemetry-v2';
import type { Environment } from './environment.ts';

/** Traces from POST to vendor call; nothing at all unless OTEL_EXPORTER_OTLP_ENDPOINT is set. */
export interface Tracing {
  /** For Temporal's client, workers and workflow bundle. */
  readonly plugins: OpenTelemetryPlugin[];
  stop(): Promise<void>;
}

/** Starts tracing for one process. Trace context travels in W3C headers and in Temporal's. */
export function startTracing(serviceName: string, env: Environment): Tracing {
  if (env.OTEL_EXPORTER_OTLP_ENDPOINT === undefined) return { plugins: [], stop: () => Promise.resolve() };
  const url = `${env.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/$/, '')}/v1/traces`;
  const spanProcessor = new BatchSpanProcessor(new OTLPTraceExporter({ url }));
  const resource = resourceFromAttributes({ 'service.name': serviceName });
  const provider = new NodeTracerProvider({ resource, spanProcessors: [spanProcessor] });
  provider.register();
  return { plugins: [new OpenTelemetryPlugin({ resource, spanProcessor })], stop: () => provider.shutdown() };
}
