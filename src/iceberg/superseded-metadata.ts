/**
 * Metadata files that no commit can bring back: older than all that the table's log keeps. A file of number N can only land on number
 * N - 1, and the table is further. Pure. Deletes nothing.
 */
import type { TableMetadata } from './metadata.ts';

const KEEP_ALL = 'write.metadata.delete-after-commit.enabled';
const NAME = /^(\d{1,9})-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:\.gz)?\.metadata\.json(?:\.gz)?$/;

/** Whether a file of the table's metadata directory, by its name, may go. Of no file when the table keeps all, or counts in another way. */
export function supersededBy(metadata: TableMetadata, metadataLocation: string): (fileName: string) => boolean {
  const named = [metadataLocation, ...metadata.metadataLog.map(({ metadataFile }) => metadataFile)];
  const numbers = named.map((location) => numberOf(location.slice(location.lastIndexOf('/') + 1)));
  const known = numbers.filter((number) => number !== undefined);
  if (metadata.properties[KEEP_ALL] === 'false' || known.length < numbers.length) return () => false;
  const oldest = Math.min(...known);
  return (fileName) => (numberOf(fileName) ?? oldest) < oldest;
}

function numberOf(fileName: string): number | undefined {
  const match = NAME.exec(fileName);
  return match === null ? undefined : Number(match[1]);
}
