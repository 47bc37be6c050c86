/**
 * What each problem means and what to do about it, in Markdown: the source of docs/problems.md and of the pages that the daemon serves
 * under each problem's `type`. Owns texts only; kinds and statuses are `problems.ts`.
 */
import type { ProblemKind } from './problems.ts';

export interface ProblemText {
  readonly meaning: string;
  readonly remedy: string;
}

export const PROBLEM_TEXTS: Readonly<Record<ProblemKind, ProblemText>> = {
  'invalid-request': {
    meaning:
      'A query parameter is unknown, doubled or not valid (`parameter` names it), a position is no position, or the bytes are not HTTP.',
    remedy: 'Mend the request.',
  },
  'invalid-body': {
    meaning: 'The compressed body is damaged or cut off, something follows it, or a definition is not JSON.',
    remedy: 'Send it again whole.',
  },
  unauthenticated: {
    meaning:
      'No API key or client certificate was shown, or it is not right, revoked or expired. `WWW-Authenticate` says that a bearer token is taken.',
    remedy: 'Send `Authorization: Bearer sk_…` ([security.md](security.md)).',
  },
  forbidden: {
    meaning:
      'The caller is known and lacks the scope that `needed_scope` names. The same answer whether the table exists or not.',
    remedy: 'Ask for a key that has the scope.',
  },
  'no-such-route': {
    meaning: 'The path does not exist, or another listener answers it (`try` names it).',
    remedy: 'Look at the path.',
  },
  'no-such-table': {
    meaning: 'The table does not exist, or the text is no table name (`namespace.table`).',
    remedy: 'Create it with `POST /api/v1/tables`; `GET /api/v1/tables` lists what is there.',
  },
  'no-such-dead-letter': {
    meaning: 'No dead letter of the table has this id, or it is not committed yet.',
    remedy: '`GET …/dead-letters` lists them; one of the last seconds shows up with the next checkpoint.',
  },
  'no-such-job': {
    meaning: 'The daemon remembers no such job: it is older than the last 200 ended ones, or from before a restart.',
    remedy: '`GET /api/v1/jobs` lists those it remembers.',
  },
  'no-such-position': {
    meaning: 'The position is not one of this table and this service.',
    remedy: 'Ask the service that answered it.',
  },
  'no-such-channel': {
    meaning: 'The channel is not open.',
    remedy: 'Open it with `PUT …/channels/{name}`: the answer says which offset comes next.',
  },
  'rollback-refused': {
    meaning:
      'The snapshot is not in the history of the main branch (`GET …/snapshots` lists it), or somebody else changed the table in the same moment. Nothing was done.',
    remedy: 'Look at the snapshots and ask again.',
  },
  'method-not-allowed': {
    meaning: 'The path takes other methods; the `Allow` header names them.',
    remedy: 'Use one of them.',
  },
  'request-timeout': {
    meaning: 'The request did not arrive within `server.limits.request_timeout` (its headers within `header_timeout`).',
    remedy: 'Send smaller batches, or over a faster line.',
  },
  'table-exists': {
    meaning:
      'A table of this name exists and is not the one described; `differences` says in what. Creating the *same* table again is no error (200).',
    remedy: 'Choose another name, or describe what is there.',
  },
  'offset-conflict': {
    meaning:
      'The channel expects `expected_offset`: the request overlaps what is stored, or leaves a gap. Nothing was written.',
    remedy: 'Send from `expected_offset` on.',
  },
  'stale-epoch': {
    meaning: 'The channel was opened again since; whoever has `epoch` owns it. Nothing was written.',
    remedy: 'Stop, or open the channel again if you are the one that shall send.',
  },
  'state-lost': {
    meaning:
      'What the table remembered of its producers is gone from the store: nobody can say what was stored before. Nothing was written. Requests without channel or key are taken as ever.',
    remedy:
      'Find in the table where the producer stands and open its channel anew with `PUT …/channels/{name}?offset=N`. Idempotency keys are taken again once `producers.key_window` has passed.',
  },
  'key-in-flight': {
    meaning: 'The first request with this `Idempotency-Key` has not been answered.',
    remedy: 'Send it again after `Retry-After`.',
  },
  'too-many-channels': {
    meaning: 'The table has `limit` open channels (`producers.max_channels`).',
    remedy: 'Close channels nobody uses.',
  },
  'reload-refused': {
    meaning: 'The file is valid, but a part of the daemon could not take it, or there is no file. Nothing was changed.',
    remedy: 'Do what `try` says.',
  },
  'body-too-large': {
    meaning:
      'More than `server.max_body` bytes after decompression (`limit_bytes`), or a body that unpacks to more than `server.limits.decompression_ratio` times its size (`limit_ratio`).',
    remedy: 'Send smaller batches.',
  },
  'unsupported-media-type': {
    meaning:
      'Content type other than `application/x-ndjson` and `application/json` (UTF-8), or content encoding other than `gzip`, `zstd`, `identity`; `Accept` or `Accept-Encoding` says what is read.',
    remedy: 'Set the header to what the body is.',
  },
  'expectation-failed': {
    meaning: 'An `Expect` header other than `100-continue`.',
    remedy: 'Leave it out.',
  },
  'invalid-records': {
    meaning:
      'At least one record does not fit the table; **nothing was written**. `errors` lists up to 100: record and line (from 1), JSON pointer, code, expected, got; `total_errors` counts all refused records.',
    remedy:
      'Mend them and send the whole batch again, or send with `?on_error=dead_letter` ([dead-letters.md](dead-letters.md)).',
  },
  'invalid-table': {
    meaning: 'The definition is not valid; `errors` lists every fault with its JSON pointer.',
    remedy: 'Mend the definition.',
  },
  'key-reused': {
    meaning:
      'This `Idempotency-Key` came before with another body (or another `unknown_fields` or content type). Nothing was written.',
    remedy: 'Take a new key for each body.',
  },
  'invalid-configuration': {
    meaning:
      'The configuration file has faults; `faults` names each with file, line, column and key. Nothing was changed.',
    remedy: 'Mend the file and reload again.',
  },
  unsupported: {
    meaning: 'The request is understood and this version cannot do it.',
    remedy: 'See `try`.',
  },
  'too-many-requests': {
    meaning:
      'The caller sends more requests or bytes a second, or has more requests in flight, than it may (`limit` is `requests`, `bytes` or `in-flight`). Nothing was written. `RateLimit` and `RateLimit-Policy` show what is left.',
    remedy: 'Send again after `Retry-After`.',
  },
  'headers-too-large': {
    meaning: 'Request line and headers exceed `server.limits.max_header`.',
    remedy: 'Send fewer or shorter headers.',
  },
  internal: {
    meaning: 'A defect or damaged state; the log has it under `request_id`.',
    remedy: 'Report it with the log.',
  },
  overloaded: {
    meaning: 'A byte budget is full: `scope` is `memory` (request bodies), `log` or `table`. Nothing was written.',
    remedy:
      'Send again after `Retry-After`; if it lasts, commits have stopped: see `/readyz` and `GET /api/v1/tables`.',
  },
  'not-accepting': {
    meaning: 'The service is starting, draining, or its log stopped. Nothing was written.',
    remedy: 'Send again later, or to another instance.',
  },
  'not-ready': {
    meaning: 'Only from `/readyz`; `reasons` lists codes and details.',
    remedy: 'Wait; supervisors take it out of rotation.',
  },
  'table-stopped': {
    meaning: 'The table waits for an operator; nothing was written.',
    remedy: '`detail` says why, `try` what to do.',
  },
  'outcome-unknown': {
    meaning:
      'Only with `ack=committed`: the records **are durable** and will be committed; this process did not see it happen. `position` is theirs.',
    remedy: 'Ask `GET …/positions/{position}`. Do not send them again.',
  },
  unavailable: {
    meaning: 'The store, catalog or disk does not answer.',
    remedy: 'Send again after `Retry-After`.',
  },
};
