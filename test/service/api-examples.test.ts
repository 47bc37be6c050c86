/** Every curl of docs/api.md is run, as it stands there, against the real daemon: it succeeds and answers what the API document says. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiDocument } from '../support/api-document/document.ts';
import { Daemon } from '../support/daemon/daemon.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

const page = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8');
/** A block headed by what it needs beyond a fresh daemon is left to the tests of its own subject. */
const commands = [...page.matchAll(/(Needs .*:\n\n)?```sh\n(curl [^`]*)\n```/g)]
  .filter(([, needs]) => needs === undefined)
  .map(([, , command = '']) => command);

let folder: TemporaryFolder;
let daemon: Daemon;
let base: string;
const variables: Record<string, string> = {};

beforeAll(async () => {
  folder = await temporaryFolder();
  daemon = await Daemon.start({
    directory: folder.path,
    yaml: 'checkpoint: { interval: 200ms }\nserver: { listen: "127.0.0.1:0", drain_delay: 0s }\n',
  });
  base = await daemon.url;
  for (const first of ['POST localhost:8080/api/v1/tables ', '/records?ack=committed']) {
    const made = await run(commands.find((command) => command.includes(first)) ?? '');
    if (first.includes('records')) variables['POSITION'] = (JSON.parse(made.body) as { position: string }).position;
  }
});
afterAll(async () => {
  await daemon.kill();
  await folder.remove();
});

/** Words of a POSIX shell, of which the page uses quotes and variables. */
function wordsOf(command: string): string[] {
  const words = command.match(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g) ?? [];
  return words.map((word) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, (_all, single?: string, double?: string, escaped?: string) =>
      double === undefined
        ? (single ?? escaped ?? '')
        : double.replaceAll(/\$(\w+)/g, (_, name: string) => variables[name] ?? ''),
    ),
  );
}

async function run(command: string) {
  const [program, ...args] = wordsOf(command);
  expect(program).toBe('curl');
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      request: { type: 'string', short: 'X', default: 'GET' },
      header: { type: 'string', short: 'H', multiple: true, default: [] },
      'data-binary': { type: 'string' },
    },
  });
  const target = (positionals[0] ?? '').replace('localhost:8080', base);
  const answer = await fetch(target, {
    method: values.request,
    headers: values.header.map((header) => header.split(': ') as [string, string]),
    ...(values['data-binary'] === undefined ? {} : { body: values['data-binary'] }),
  });
  return { method: values.request, url: new URL(target), answer, body: await answer.text() };
}

test('there is a curl beside every endpoint', () => {
  const sections = page.split('\n### ').slice(1);
  expect(sections.length).toBeGreaterThan(10);
  expect(sections.filter((section) => !section.includes('```sh\ncurl '))).toEqual([]);
});

test.each(commands)('%s', async (command) => {
  const { method, url, answer, body } = await run(command);
  expect(answer.status, body).toBeLessThan(300);
  const contentType = answer.headers.get('content-type') ?? undefined;
  expect(apiDocument().fault({ method, path: url.pathname, status: answer.status, contentType, body })).toBeUndefined();
});
