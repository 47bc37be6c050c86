/** The texts of problems as people read them: one HTML page a kind, and the table of docs/problems.md. Pure. */
import type { ProblemKind } from './problems.ts';
import { PROBLEMS, problemType } from './problems.ts';
import { PROBLEM_TEXTS } from './problem-texts.ts';

export const problemKinds = Object.keys(PROBLEMS) as readonly ProblemKind[];

export const isProblemKind = (text: string): text is ProblemKind => Object.hasOwn(PROBLEMS, text);

/** A page without scripts, styles or links outside. */
export function problemPage(kind: ProblemKind): string {
  const { status, title } = PROBLEMS[kind];
  const { meaning, remedy } = PROBLEM_TEXTS[kind];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escaped(title)}</title>
<h1>${escaped(title)}</h1>
<p><code>${problemType(kind)}</code>, status ${status}</p>
<p>${html(meaning)}</p>
<p><strong>What to do:</strong> ${html(remedy)}</p>
</html>
`;
}

/** Rows in the order of `PROBLEMS`. */
export const problemTable = (): string =>
  [
    '| type `/problems/…` | status | meaning | what to do |',
    '|---|---|---|---|',
    ...problemKinds.map(
      (kind) =>
        `| \`${kind}\` | ${PROBLEMS[kind].status} | ${PROBLEM_TEXTS[kind].meaning} | ${PROBLEM_TEXTS[kind].remedy} |`,
    ),
    '',
  ].join('\n');

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The three forms that the texts use: code, strong and emphasis. */
const html = (markdown: string): string =>
  escaped(markdown)
    .replaceAll(/`([^`]+)`/g, '<code>$1</code>')
    .replaceAll(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>')
    .replaceAll(/\*([^*]+)\*/g, '<em>$1</em>');
