/**
 * A daemon without a collector carries no tracing library: none is reached by imports from the service. The bare API, which is types and
 * no-ops, comes with prom-client.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const src = (path: string): string => new URL(`../../../src/${path}`, import.meta.url).href;

/** What of OpenTelemetry is asked for while the module is loaded, in a process of its own. */
async function askedFor(module: string): Promise<string> {
  const program = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => {
      if (/^@opentelemetry\\/(?!api$)/.test(name)) console.log(name);
      return next(name, context);
    } });
    await import(${JSON.stringify(module)});`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
  return stdout;
}

test('the service does not load it, the tracer does', async () => {
  expect(await askedFor(src('service/service.ts'))).toBe('');
  expect(await askedFor(src('telemetry/traces/otlp-tracer.ts'))).toContain('@opentelemetry/sdk-trace');
});
