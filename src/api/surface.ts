/** Which routes answer on which listener. Owns the split; addresses are the service's. */
import { ProblemError } from './problems.ts';
import type { Handler, Route } from './route.ts';

/** `all`: there is one listener. Else `main` for data, and `admin` for what changes or watches the daemon. */
export type Surface = 'all' | 'main' | 'admin';

/** What is public, such as health, answers everywhere. */
export function answersOn(surface: Surface, { access, path }: Route): boolean {
  if (surface === 'all' || access === 'public') return true;
  const forOperators = access === 'maintain' || access === 'admin' || path === '/metrics';
  return forOperators === (surface === 'admin');
}

/** Stands where the other listener has the route. */
export const elsewhere =
  (surface: Surface): Handler =>
  () => {
    const other = surface === 'main' ? 'the admin listener (server.admin)' : 'the main listener (server.listen)';
    throw new ProblemError('no-such-route', `this listener does not answer it; ${other} does`, {
      extras: { try: `send it to ${other}` },
    });
  };
