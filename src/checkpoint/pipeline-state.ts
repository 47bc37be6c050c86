/** How a table is doing, and why it stopped. Data only. */

export type PipelineState =
  | { readonly kind: 'running' }
  | { readonly kind: 'failing'; readonly reason: string }
  | {
      readonly kind: 'stopped';
      readonly code: StopCode;
      readonly reason: string;
      readonly remedy: string;
      /** Under which it stopped; a commit that was under way may have seen a later one since. */
      readonly schemaId: number;
    };

export type StopCode = 'gap' | 'fenced' | 'table-gone' | 'not-writable' | 'internal';
