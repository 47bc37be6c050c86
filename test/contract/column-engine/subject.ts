/** One engine a suite, and stagings that are always dropped. */
import { afterAll, afterEach, beforeAll } from 'vitest';
import type { FileLayout, Staging } from '../../../src/contracts/column-engine.ts';
import type { WrittenFile } from '../../../src/record/data-file.ts';
import type { PartitionField, SortField } from '../../../src/record/partition-spec.ts';
import type { Field, PrimitiveType } from '../../../src/record/types.ts';
import { primitiveName } from '../../../src/record/types.ts';
import type { PrimitiveValue } from '../../../src/record/values.ts';
import type { Subject } from '../column-engine.ts';
import { canonicalJson } from './samples.ts';

export interface SubjectInUse {
  readonly subject: Subject;
  staging(layout: FileLayout): Staging;
  /** Stages the lines and writes them. */
  write(layout: FileLayout, lines: readonly string[]): Promise<readonly WrittenFile[]>;
}

export function useSubject(make: () => Promise<Subject>): SubjectInUse {
  let subject: Subject | undefined;
  let count = 0;
  let live: Staging[] = [];
  beforeAll(async () => {
    subject = await make();
  });
  afterEach(async () => {
    await Promise.all(live.map((staging) => staging.drop()));
    live = [];
  });
  afterAll(async () => subject?.close());
  const use: SubjectInUse = {
    get subject() {
      if (subject === undefined) throw new Error('the suite has not started');
      return subject;
    },
    staging(layout) {
      count += 1;
      const staging = use.subject.engine.staging(layout, `s${count}`);
      live.push(staging);
      return staging;
    },
    async write(layout, lines) {
      const staging = use.staging(layout);
      for (const line of lines) staging.append(Buffer.from(`${line}\n`), 1);
      return staging.write(new AbortController().signal);
    },
  };
  return use;
}

export interface LayoutParts {
  readonly partition?: readonly PartitionField[];
  readonly sort?: readonly SortField[];
  readonly targetFileBytes?: number;
  readonly metricsColumns?: number;
}

export function layoutOf(subject: Subject, fields: readonly Field[], parts: LayoutParts = {}): FileLayout {
  return {
    schema: { schemaId: 0, fields },
    spec: { specId: parts.partition === undefined ? 0 : 3, fields: parts.partition ?? [] },
    sortOrder: { orderId: parts.sort === undefined ? 0 : 7, fields: parts.sort ?? [] },
    targetFileBytes: parts.targetFileBytes ?? 128 * 1024 * 1024,
    compression: subject.compression,
    metricsColumns: parts.metricsColumns ?? 100,
  };
}

/** One optional column a type, named after it, with ids from 1. */
export const columnsOf = (types: readonly PrimitiveType[]): readonly Field[] =>
  types.map((type, index) => ({ id: index + 1, name: primitiveName(type), type, required: false }));

export type Values = readonly (PrimitiveValue | null)[];

/** A canonical line with the values in the order of the fields; nulls are left out in odd columns and spelt in even ones. */
export function lineOf(fields: readonly Field[], values: Values): string {
  const members = fields.flatMap(({ name, type }, index) => {
    const value = values[index] ?? null;
    if (value === null) return index % 2 === 0 ? [`${JSON.stringify(name)}:null`] : [];
    return [`${JSON.stringify(name)}:${canonicalJson(type as PrimitiveType, value)}`];
  });
  return `{${members.join(',')}}`;
}
