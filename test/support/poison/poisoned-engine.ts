/**
 * Loaded into a daemon before its own code (`NODE_OPTIONS=--import`): a column engine that dies, or refuses, when a spool file that it is told
 * to read has a certain word in it. Stands for a fault of the native library that some record brings to light.
 */
import { readFileSync } from 'node:fs';
import { DuckDBConnection } from '@duckdb/node-api';

const WORD = 'POISON';
const SPOOL = /'([^']+\.ndjson)'/g;

const kills = process.env['POISON_KILLS'] === 'yes';
const { prototype } = DuckDBConnection;
const original = Object.getOwnPropertyDescriptor(prototype, 'runAndReadAll')?.value as typeof prototype.runAndReadAll;

prototype.runAndReadAll = function (...args) {
  for (const [, path] of args[0].matchAll(SPOOL)) {
    if (path === undefined || !readFileSync(path).includes(WORD)) continue;
    if (kills) process.kill(process.pid, 'SIGKILL');
    return Promise.reject(new Error('INTERNAL Error: assertion of the engine failed'));
  }
  return original.apply(this, args);
};
