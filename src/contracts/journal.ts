/** Small facts about the past that outlive the process. Losing them loses no data. Owns the words; where they lie is the service's. */

/** A JSON object as it was written: numbers, texts, lists and objects; what has 64 bits is text. */
export type Line = Readonly<Record<string, unknown>>;

export interface Journal {
  /** Kept in order; nobody waits for it. One that cannot be written is told to whoever opened the journal, and is lost. */
  append(line: Line): void;
  /** The last that are wanted, latest first. The oldest are dropped by the bytes of all. */
  latest(limit: number, wanted?: (line: Line) => boolean): Promise<readonly Line[]>;
}
