/**
 * Traces as the code sees them: spans with parents, links and attributes. Owns no library and no sampling; without a configured
 * collector every span is `NO_SPAN`, which costs nothing. Every call is cheap, synchronous and never throws.
 */
import { messageOf } from '../core/errors.ts';

/** Identity of a span across processes, as W3C Trace Context writes it. */
export interface TraceContext {
  /** 32 lower-case hex digits. */
  readonly traceId: string;
  /** 16 lower-case hex digits. */
  readonly spanId: string;
  readonly sampled: boolean;
}

/** Undefined members are left out; 64-bit numbers are given as text. */
export type SpanAttributes = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Span {
  /** Undefined when nobody records it. */
  readonly context: TraceContext | undefined;
  child(name: string, attributes?: SpanAttributes): Span;
  set(attributes: SpanAttributes): void;
  /** Idempotent. `failure` says why it did not do what it was for. */
  end(failure?: string): void;
}

export interface Tracer {
  /** False: every span is `NO_SPAN`, and nothing need be prepared for one. */
  readonly on: boolean;
  /** A request that came from outside, in the trace it came with, if any. Sampled as its parent, or by configured chance. */
  request(name: string, parent: TraceContext | undefined, attributes: SpanAttributes): Span;
  /** Work of our own, in a trace of its own that names what it is made of. Always recorded. */
  work(name: string, links: readonly TraceContext[], attributes: SpanAttributes): Span;
}

export const NO_SPAN: Span = {
  context: undefined,
  child: () => NO_SPAN,
  set: () => undefined,
  end: () => undefined,
};

/** Ends the span as the work ends. */
export async function spanned<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    const result = await work();
    span.end();
    return result;
  } catch (error) {
    span.end(messageOf(error));
    throw error;
  }
}

export const NO_TRACER: Tracer = { on: false, request: () => NO_SPAN, work: () => NO_SPAN };
