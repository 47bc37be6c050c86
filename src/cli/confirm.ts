/** Asking before something is done that costs time or cannot be taken back. */
import { createInterface } from 'node:readline/promises';
import type { CliIo } from './deps.ts';
import { CliFailure } from './failure.ts';

/** True when somebody at a terminal says yes. Without a terminal there is nobody to ask: a failure that names `--yes`. */
export async function confirm(io: CliIo, question: string): Promise<boolean> {
  if (io.stderr.isTTY !== true)
    throw new CliFailure(
      2,
      'nobody can be asked here whether to go on',
      'say so with --yes, or look first with --dry-run',
    );
  io.stderr.write(`${question} [y/N] `);
  const lines = createInterface({ input: io.stdin });
  try {
    for await (const line of lines) return /^y(es)?$/i.test(line.trim());
    return false;
  } finally {
    lines.close();
  }
}
