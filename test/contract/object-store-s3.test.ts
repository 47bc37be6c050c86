/** The object-store promises on S3, with the in-repo server; `test/servers` has the same on servers of other makes. */
import { s3Subject } from '../support/s3-subject.ts';
import { startS3Server } from '../support/s3-server/server.ts';
import { describeHttpObjectStore, describeObjectStore } from './object-store.ts';

describeHttpObjectStore('S3 on the in-repo server', async () =>
  s3Subject(await startS3Server({ bucket: 'other', minPartBytes: 1 }), { partBytes: 100_000 }),
);

describeObjectStore('S3 on the in-repo server, with every checksum', async () =>
  s3Subject(await startS3Server({ bucket: 'other' }), { checksums: 'when-supported' }),
);
