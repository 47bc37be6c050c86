/**
 * The foreign readers, each a child process behind `ReaderEngine`.
 *
 * Owns how each program is started and what it needs from `.ci/run`'s environment. Does not compare.
 */
import { fileURLToPath } from 'node:url';

import { provisioned } from '../support/servers/process.ts';
import type { CanonicalRow, ColumnTotals, EngineAnswer, EngineName, ReaderEngine, ReadRequest } from './harness.ts';
import { JudgeProcess, type JudgeAnswer } from './judge-process.ts';

export const ALL_READERS: readonly EngineName[] = ['pyiceberg', 'duckdb', 'chdb', 'iceberg-java', 'spark'];

/** A reader that is not open yet. Throws by name if its environment is not provisioned. */
export function reader(name: EngineName): ReaderEngine {
  const judge = judgeProcess(name);
  return {
    name,
    open: () => judge.open(),
    read: async (request) => asEngineAnswer(request, await judge.ask(request)),
    close: () => judge.close(),
  };
}

/** All readers, open. Slow ones start while fast ones already wait; if one fails, none is left running. */
export async function openReaders(names: readonly EngineName[] = ALL_READERS): Promise<ReaderEngine[]> {
  const readers = names.map((name) => reader(name));
  const opened = await Promise.allSettled(readers.map((engine) => engine.open()));
  const failed = opened.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    await closeReaders(readers);
    throw failed.reason;
  }
  return readers;
}

export async function closeReaders(readers: readonly ReaderEngine[]): Promise<void> {
  await Promise.all(readers.map((engine) => engine.close()));
}

/** The child process of a judge; `catalogs.ts` starts the same programs. */
export function judgeProcess(name: EngineName): JudgeProcess {
  if (name === 'iceberg-java') {
    return new JudgeProcess('java', [
      '-Xmx2g',
      '-XX:+UseSerialGC',
      '-cp',
      provisioned('SLUICE_JAVA_CLASSPATH'),
      'Judge',
    ]);
  }
  const program = fileURLToPath(new URL(`python/${name}_judge.py`, import.meta.url));
  const env: Record<string, string> = { PYTHONDONTWRITEBYTECODE: '1' };
  if (name === 'spark') {
    env['SLUICE_SPARK_JARS'] = provisioned('SLUICE_SPARK_JARS');
  }
  return new JudgeProcess(provisioned('SLUICE_ENGINES_PYTHON'), [program], env);
}

function asEngineAnswer(request: ReadRequest, answer: JudgeAnswer): EngineAnswer {
  if (!answer.ok) {
    return { kind: 'error', message: answer.error };
  }
  switch (request.mode) {
    case 'rows':
      return { kind: 'rows', rows: answer['rows'] as CanonicalRow[] };
    case 'count':
      return { kind: 'count', count: answer['count'] as string };
    case 'filter':
      return { kind: 'filter', keys: answer['keys'] as string[] };
    case 'aggregate':
      return {
        kind: 'aggregate',
        count: answer['count'] as string,
        columns: answer['columns'] as Record<string, ColumnTotals>,
      };
  }
}
