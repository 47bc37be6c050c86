/** The health of a table in one cell: its score, and what costs most. */

export interface ScoreJson {
  readonly health_score?: number;
  readonly health_worst?: string;
}

/** `62 small-files`, `100`; undefined until it is known. */
export const healthText = ({ health_score: score, health_worst: worst }: ScoreJson): string | undefined =>
  score === undefined || worst === undefined ? score?.toString() : `${score} ${worst}`;
