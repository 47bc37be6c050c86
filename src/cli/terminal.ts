/** What goes to which stream and how it looks: data on stdout as a table or JSON, everything else on stderr, colours only on a terminal. */
import { stripVTControlCharacters, styleText } from 'node:util';
import type { CliIo } from './deps.ts';

export type OutputFormat = 'table' | 'json';

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => unknown;
  readonly align?: 'right';
}

type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow';

export class Terminal {
  readonly io: CliIo;
  readonly format: OutputFormat;

  constructor(io: CliIo, format: OutputFormat) {
    this.io = io;
    this.format = format;
  }

  /** Data for programs: one JSON document a line. */
  json(value: unknown): void {
    this.io.stdout.write(`${toJson(value)}\n`);
  }

  /** `value` in JSON; in table form the rows. No rows: only the header, and a word on stderr. */
  table<T>(value: unknown, rows: readonly T[], columns: readonly Column<T>[], empty: string): void {
    if (this.format === 'json') {
      this.json(value);
      return;
    }
    this.io.stdout.write(formatTable(rows, columns, (title) => this.#style('bold', title)));
    if (rows.length === 0) this.note(empty);
  }

  /** Names and values below each other. */
  facts(value: unknown, facts: readonly (readonly [string, unknown])[]): void {
    if (this.format === 'json') {
      this.json(value);
      return;
    }
    const shown = facts.filter(([, fact]) => fact !== undefined);
    const width = Math.max(...shown.map(([name]) => name.length));
    for (const [name, fact] of shown)
      this.io.stdout.write(`${this.#style('bold', name.padEnd(width))}  ${cell(fact)}\n`);
  }

  /** For people, on stderr. */
  note(text: string): void {
    this.io.stderr.write(`${text}\n`);
  }

  mark(level: 'ok' | 'warning' | 'error', text: string = level): string {
    const style = level === 'ok' ? 'green' : level === 'warning' ? 'yellow' : 'red';
    return this.#style(style, text);
  }

  #style(style: Style, text: string): string {
    return coloured(this.io, this.io.stdout) ? styleText(style, text, { validateStream: false }) : text;
  }
}

/** https://no-color.org: any value but the empty one. */
export const coloured = (io: CliIo, stream: { readonly isTTY?: boolean | undefined }): boolean =>
  stream.isTTY === true && (io.env['NO_COLOR'] ?? '') === '';

export const toJson = (value: unknown): string =>
  JSON.stringify(value, (_key, member: unknown) => (typeof member === 'bigint' ? member.toString() : member));

/** Aligned columns, two spaces apart, no trailing spaces. */
export function formatTable<T>(
  rows: readonly T[],
  columns: readonly Column<T>[],
  title: (text: string) => string = (text) => text,
): string {
  const cells = rows.map((row) => columns.map((column) => cell(column.value(row))));
  const widths = columns.map((column, index) =>
    Math.max(width(column.title), ...cells.map((row) => width(row[index] ?? ''))),
  );
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, index) => pad(text, widths[index] ?? 0, columns[index]?.align))
      .join('  ')
      .trimEnd();
  const header = columns.map((column, index) => title(pad(column.title, widths[index] ?? 0, column.align))).join('  ');
  return [header.trimEnd(), ...cells.map(line)].map((text) => `${text}\n`).join('');
}

const pad = (text: string, to: number, align: 'right' | undefined): string => {
  const space = ' '.repeat(Math.max(0, to - width(text)));
  return align === 'right' ? space + text : text + space;
};

/** Columns on a terminal, near enough: wide East Asian characters and emoji take two. */
function width(text: string): number {
  let columns = 0;
  for (const character of text)
    if (!/\p{Mn}/u.test(character))
      columns +=
        /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
          character,
        )
          ? 2
          : 1;
  return columns;
}

/** One line of text; control characters never reach the terminal: table names and values come from outside. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' ? value : typeof value === 'bigint' ? value.toString() : toJson(value);
  return stripVTControlCharacters(text).replace(/\p{Cc}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

/** `1,234,567` */
export const grouped = (value: string | number | bigint): string => String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ',');

/** `1.5 MiB` */
export function humanBytes(value: string | number | bigint): string {
  let size = Number(value);
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let unit = 0;
  while (Math.abs(size) >= 1024 && unit < units.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}
