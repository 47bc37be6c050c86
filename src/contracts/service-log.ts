/**
 * The service's log: one line of facts and a fixed message. Messages are constant texts, so that lines can be counted and searched;
 * what varies is in the facts (`table`, `epoch`, `snapshot`, `position`, `request_id`, `err` …).
 */
export interface ServiceLog {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
