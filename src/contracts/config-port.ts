/**
 * What may be asked about the daemon's configuration while it runs: what holds, whether another text would do, and to read the file
 * again. Owns no format: settings cross this port as plain data under the file's own keys.
 */

/** `line` and `column` count from 1. */
export interface ConfigFault {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `tables.0.schema.2.type`; empty for the file as a whole. */
  readonly path: string;
  readonly message: string;
}

export interface RunningConfig {
  /** The file the daemon was started with; absent for the built-in defaults. */
  readonly source?: string;
  /** As the file would say it, defaults filled in, secrets hidden. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Keys that differ in the file as last read and hold from the next start on. */
  readonly needsRestart: readonly string[];
}

export type ReloadOutcome =
  | {
      readonly kind: 'reloaded';
      /** Keys, and contents of files that keys name, that hold from this moment on. */
      readonly applied: readonly string[];
      readonly needsRestart: readonly string[];
      /** Changes that neither a reload nor a restart carries out, each with the reason. */
      readonly noEffect: readonly string[];
    }
  /** Nothing was changed. */
  | { readonly kind: 'invalid'; readonly faults: readonly ConfigFault[] }
  /** The file is valid, but a part could not take it; nothing was changed. */
  | { readonly kind: 'refused'; readonly reason: string; readonly remedy: string };

export interface ConfigPort {
  running(): RunningConfig;
  /** Empty: the text is a valid configuration. `${file:…}` and `${env:…}` are not read: defaults, or some text, stand for them. */
  validate(text: string): readonly ConfigFault[];
  /** All of what can be applied, or nothing. Never rejects; concurrent calls run one after the other. */
  reload(): Promise<ReloadOutcome>;
}
