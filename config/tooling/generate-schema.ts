/**
 * Writes what is generated from the source: the JSON Schema of the configuration (editors read it through the first line of the
 * examples), the OpenAPI document, docs/api.md and the table of docs/problems.md. With `--check` compares instead and fails on
 * what is stale.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { apiPage } from '../../src/api/document/api-page.ts';
import { openApiDocument } from '../../src/api/document/openapi.ts';
import { problemTable } from '../../src/api/problem-page.ts';
import { configJsonSchema } from '../../src/config/json-schema.ts';
import { declaredRoutes, packageVersion } from './declared-routes.ts';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Replaces what stands between two marks of a page that people write. */
function between(page: string, start: RegExp, end: string, text: string): string {
  const from = start.exec(page);
  const to = page.indexOf(end);
  if (from === null || to < 0) throw new Error(`no marks ${String(start)} and ${end}`);
  return page.slice(0, from.index + from[0].length) + text + page.slice(to);
}

const routes = declaredRoutes();
const generated: Readonly<Record<string, (there: string) => string>> = {
  'schemas/sluice.schema.json': () => json(configJsonSchema()),
  'schemas/openapi.json': () => json(openApiDocument(routes, packageVersion())),
  'docs/api.md': () => apiPage(routes),
  'docs/problems.md': (there) => between(there, /<!-- problems: .*-->\n/, '<!-- end of problems -->', problemTable()),
};

const check = process.argv.includes('--check');
for (const [path, textOf] of Object.entries(generated)) {
  const target = new URL(`../../${path}`, import.meta.url);
  const there = textOrEmpty(target);
  const text = textOf(there);
  if (there === text) continue;
  if (check) {
    process.stderr.write(`error: ${path} is not what the source says\ntry: npm run schema\n`);
    process.exitCode = 1;
  } else {
    writeFileSync(target, text);
  }
}

function textOrEmpty(file: URL): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
