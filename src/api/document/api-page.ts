/** docs/api.md from the declarations of routes: every endpoint with what it answers and curl beside it. Pure. */
import type { Route } from '../route.ts';
import { PROBLEMS, problemType } from '../problems.ts';
import type { Example, Parameter, RouteDocs } from './route-docs.ts';
import { pathOf } from './openapi.ts';

const INTRODUCTION = `# The HTTP API

Written by \`npm run schema\` from the declarations of the routes, as is [schemas/openapi.json](../schemas/openapi.json), which the daemon serves
at \`GET /api/v1/openapi.json\`. Errors: [problems.md](problems.md). What each column takes: [types.md](types.md).

Every curl below works against \`npx sluice run\` on an empty directory, in this order. With API keys add \`-H "authorization: Bearer $SLUICE_KEY"\`.
`;

export function apiPage(routes: readonly Route[]): string {
  const tags = [...new Set(routes.map(({ docs }) => docs?.tag ?? 'Not described'))];
  return [
    INTRODUCTION,
    ...tags.flatMap((tag) => [
      `## ${tag}\n`,
      ...routes.filter(({ docs }) => (docs?.tag ?? 'Not described') === tag).map(endpoint),
    ]),
  ].join('\n');
}

const endpoint = ({ method, path, summary, access, docs }: Route): string =>
  [
    `### ${method} ${pathOf(path)}\n`,
    `${summary}. ${access === 'public' ? 'Needs no key' : `Needs scope \`${access}\``}.${docs?.description === undefined ? '' : ` ${docs.description}`}\n`,
    ...(docs === undefined ? [] : told(method, docs)),
  ].join('\n');

function told(method: Route['method'], docs: RouteDocs): readonly string[] {
  const rows = [
    ...Object.entries(docs.query ?? {}).map(([name, parameter]) => row(`?${name}=`, parameter)),
    ...Object.entries(docs.headers ?? {}).map(([name, parameter]) => row(`${name}:`, parameter)),
  ];
  return [
    ...docs.examples.map(
      (example) =>
        `${example.needs === undefined ? '' : `Needs ${example.needs}:\n\n`}\`\`\`sh\n${curl(method, example)}\n\`\`\`\n`,
    ),
    ...(rows.length === 0 ? [] : ['| parameter | values | meaning |', '|---|---|---|', ...rows, '']),
    '| status | answer |',
    '|---|---|',
    ...Object.entries(docs.answers).map(([status, { description }]) => `| ${status} | ${description} |`),
    ...docs.problems
      .toSorted((a, b) => PROBLEMS[a].status - PROBLEMS[b].status)
      .map((kind) => `| ${PROBLEMS[kind].status} | \`${problemType(kind)}\` |`),
    '',
  ];
}

function row(name: string, { description, schema }: Parameter): string {
  const values = (schema.enum ?? schema.examples ?? []).map((value) => `\`${value}\``).join(', ');
  const fallback = schema.default === undefined ? '' : ` Default: \`${schema.default}\`.`;
  return `| \`${name}\` | ${values} | ${description}${fallback} |`;
}

/** One command; what a shell would read is quoted. */
export function curl(method: Route['method'], { target, contentType, body, headers }: Example): string {
  const url = `localhost:8080${target}`;
  const given = { ...(contentType === undefined ? {} : { 'content-type': contentType }), ...headers };
  return [
    'curl',
    ...(method === 'GET' ? [] : [`-X ${method}`]),
    // In double quotes, so that $POSITION is put in.
    /[?&$]/.test(url) ? `"${url}"` : url,
    ...Object.entries(given).map(([name, value]) => `-H '${name}: ${value}'`),
    ...(body === undefined ? [] : [`--data-binary '${body.replaceAll("'", String.raw`'\''`)}'`]),
  ].join(' ');
}
