/** Problems in the API document: which any route may answer, their schemas, and one response a status. */
import * as z from 'zod';
import type { Access } from '../route.ts';
import type { ProblemKind } from '../problems.ts';
import { PROBLEMS, problemType } from '../problems.ts';
import type { JsonSchema } from './route-docs.ts';
import { component, refOf } from './route-docs.ts';

/** Answers of the server itself, before or around a route. */
const ANYWHERE: readonly ProblemKind[] = [
  'invalid-request',
  'request-timeout',
  'unsupported-media-type',
  'expectation-failed',
  'headers-too-large',
  'internal',
];

/** Answers before a route that is not public: of the guard, and of the listener that leaves the route to the other one. */
const GUARDED: readonly ProblemKind[] = ['unauthenticated', 'forbidden', 'too-many-requests', 'no-such-route'];

const standard = {
  type: z.string().regex(/^\/problems\/[a-z-]+$/),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  request_id: z.string().describe('Stands in the log beside what went wrong'),
  try: z.string().optional().describe('What to do'),
};

component('Problem', z.looseObject(standard).describe('Problem details (RFC 9457); docs/problems.md'));

export const recordErrors = z.array(
  z.strictObject({
    record: z.int().min(1).describe('Number of the record in the request'),
    line: z.int().min(1).describe('Line of the body where it starts'),
    pointer: z.string().describe('JSON pointer into the record'),
    code: z.string(),
    expected: z.string().optional(),
    got: z.string().optional(),
    detail: z.string(),
  }),
);

/** Kinds whose further members are part of the contract. */
const WITH_MEMBERS: Partial<Record<ProblemKind, string>> = {};

function members(kind: ProblemKind, id: string, shape: z.ZodRawShape): void {
  component(id, z.strictObject({ ...standard, type: z.literal(problemType(kind)), ...shape }));
  WITH_MEMBERS[kind] = id;
}

members('invalid-records', 'InvalidRecords', {
  accepted: z.literal(0),
  rejected: z.int().describe('Records of the request'),
  total_errors: z.int().min(1).describe('Refused records'),
  errors: recordErrors.max(100),
});
members('invalid-table', 'InvalidTable', {
  errors: z.array(z.strictObject({ pointer: z.string(), detail: z.string() })).min(1),
});
members('table-exists', 'TableExists', { table: z.string(), differences: z.array(z.string()).min(1) });
members('overloaded', 'Overloaded', { scope: z.enum(['log', 'table', 'memory', 'events']) });
members('not-ready', 'NotReady', {
  ok: z.literal(false),
  reasons: z.array(z.strictObject({ code: z.string(), detail: z.string() })),
});

/** Status → response object. Statuses of 503 name `Retry-After`. */
export function problemResponses(access: Access, kinds: readonly ProblemKind[]): Readonly<Record<string, JsonSchema>> {
  const byStatus = new Map<number, ProblemKind[]>();
  for (const kind of new Set([...ANYWHERE, ...(access === 'public' ? [] : GUARDED), ...kinds])) {
    const { status } = PROBLEMS[kind];
    byStatus.set(status, [...(byStatus.get(status) ?? []), kind]);
  }
  return Object.fromEntries([...byStatus].map(([status, found]) => [String(status), responseOf(status, found)]));
}

const responseOf = (status: number, kinds: readonly ProblemKind[]): JsonSchema => ({
  description: kinds.map((kind) => `${PROBLEMS[kind].title} (\`${kind}\`)`).join('; '),
  ...(status === 503 ? { headers: { 'Retry-After': RETRY_AFTER } } : {}),
  content: {
    'application/problem+json': {
      schema: kinds.length === 1 ? schemaOfKind(kinds[0] as ProblemKind) : { oneOf: kinds.map(schemaOfKind) },
    },
  },
});

function schemaOfKind(kind: ProblemKind): JsonSchema {
  const id = WITH_MEMBERS[kind];
  if (id !== undefined) return { $ref: refOf(id) };
  return { allOf: [{ $ref: refOf('Problem') }], properties: { type: { const: problemType(kind) } } };
}

const RETRY_AFTER = {
  description: 'Whole seconds until it is worth sending again',
  required: true,
  schema: { type: 'integer', minimum: 1 },
};
