/**
 * `Tracer` on OpenTelemetry, sent to a collector by OTLP/HTTP. Loaded only when a collector is configured. Owns sampling, batching and
 * what happens when the collector does not answer: spans are dropped, and nothing waits for them.
 */
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags, trace } from '@opentelemetry/api';
import type { Attributes, Span as OtelSpan, SpanContext } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  ParentBasedSampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
  type SpanExporter,
} from '@opentelemetry/sdk-trace';
import type { Span, SpanAttributes, TraceContext, Tracer } from '../../contracts/tracing.ts';
import { hex, type Random } from '../../core/runtime.ts';

export interface OtlpSettings {
  /** Of the collector's trace endpoint. */
  readonly url: string;
  /** Part of the requests without a trace of their own that are recorded. */
  readonly sample: number;
}

export interface ClosableTracer extends Tracer {
  /** Sends what waits, for a few seconds at most. Never rejects. */
  close(): Promise<void>;
}

const EXPORT_TIMEOUT_MS = 5_000;
const MAX_QUEUED_SPANS = 4_096;

export function openOtlpTracer(
  { url, sample }: OtlpSettings,
  service: { readonly version: string; readonly instance: string },
  random: Random,
  onFailure: (cause: unknown) => void,
): ClosableTracer {
  const exporter = reporting(new OTLPTraceExporter({ url, timeoutMillis: EXPORT_TIMEOUT_MS }), onFailure);
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': 'sluice',
      'service.version': service.version,
      'service.instance.id': service.instance,
    }),
    sampler: new ParentBasedSampler({ root: requestsByChance(sample) }),
    idGenerator: { generateTraceId: () => hex(random.bytes(16)), generateSpanId: () => hex(random.bytes(8)) },
    spanProcessors: [
      new BatchSpanProcessor({ exporter, maxQueueSize: MAX_QUEUED_SPANS, exportTimeoutMillis: EXPORT_TIMEOUT_MS }),
    ],
  });
  const tracer = provider.getTracer('sluice', service.version);
  const recorded = (span: OtelSpan): Span => ({
    context: contextOf(span),
    child: (name, attributes = {}) =>
      recorded(tracer.startSpan(name, { attributes: given(attributes) }, trace.setSpan(ROOT_CONTEXT, span))),
    set: (attributes) => void span.setAttributes(given(attributes)),
    end: (failure) => {
      if (!span.isRecording()) return;
      if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR, message: failure });
      span.end();
    },
  });
  return {
    on: true,
    request: (name, parent, attributes) => {
      const around = parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, remote(parent));
      return recorded(tracer.startSpan(name, { kind: SpanKind.SERVER, attributes: given(attributes) }, around));
    },
    work: (name, links, attributes) =>
      recorded(
        tracer.startSpan(
          name,
          { attributes: given(attributes), links: links.map((link) => ({ context: remote(link) })) },
          ROOT_CONTEXT,
        ),
      ),
    close: () => provider.shutdown().catch(onFailure),
  };
}

/** Requests are many and alike; checkpoints are few, and the one that matters must not be missing. */
function requestsByChance(sample: number): Sampler {
  const chance = new TraceIdRatioBasedSampler(sample);
  return {
    shouldSample: (context, traceId, _name, kind) =>
      kind === SpanKind.SERVER
        ? chance.shouldSample(context, traceId)
        : { decision: SamplingDecision.RECORD_AND_SAMPLED },
    toString: () => `requests by ${chance.toString()}, work always`,
  };
}

/** The library keeps failed exports to itself; an operator who configured a collector wants to hear of them. */
function reporting(exporter: OTLPTraceExporter, onFailure: (cause: unknown) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) onFailure(result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: () => exporter.forceFlush(),
  };
}

const contextOf = (span: OtelSpan): TraceContext => {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return { traceId, spanId, sampled: (traceFlags & TraceFlags.SAMPLED) !== 0 };
};

const remote = ({ traceId, spanId, sampled }: TraceContext): SpanContext => ({
  traceId,
  spanId,
  traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote: true,
});

const given = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
