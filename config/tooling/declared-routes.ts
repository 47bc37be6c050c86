/** The routes as declared, without a service behind them: for documents and for tests of declarations. Their handlers cannot be called. */
import { readFileSync } from 'node:fs';
import type { ApiContext } from '../../src/api/context.ts';
import type { Route } from '../../src/api/route.ts';
import { allRoutes } from '../../src/api/routes/all.ts';

/** Any member of it is itself, so that declarations may take parts of a context before a request comes. */
const nothing: unknown = new Proxy(() => nothing, { get: () => nothing, apply: () => nothing });

export const declaredRoutes = (): readonly Route[] => allRoutes(nothing as ApiContext);

export const packageVersion = (): string =>
  (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version;
