/** The daemon's log as it is written: how many lines of each level, and which of them nobody expects. Owns the cutting into lines. */

/** Said by the command itself or by Node's inspector, not by the service. */
const PLAIN = /^(?:SIGTERM: |Debugger |For help, see: https:)/;

export class LogLines {
  readonly levels = new Map<string, number>();
  /** Distinct texts of warnings, with how often each was said. */
  readonly warnings = new Map<string, number>();
  /** Lines of level error or fatal, and what is no line of the log. */
  readonly unexpected: string[] = [];
  #rest = '';

  add(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) if (line !== '' && !PLAIN.test(line)) this.#addLine(line);
  }

  #addLine(line: string): void {
    const entry = line.startsWith('{')
      ? (JSON.parse(line) as { readonly level: string; readonly msg: string })
      : undefined;
    const level = entry?.level ?? 'none';
    this.levels.set(level, (this.levels.get(level) ?? 0) + 1);
    if (level === 'warn' && entry !== undefined) this.warnings.set(entry.msg, (this.warnings.get(entry.msg) ?? 0) + 1);
    if (!['trace', 'debug', 'info', 'warn'].includes(level)) this.unexpected.push(line.slice(0, 1_000));
  }
}
