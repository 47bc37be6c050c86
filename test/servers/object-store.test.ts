/** The object-store promises on the two servers of other makes that decide every race. */
import { describeHttpObjectStore } from '../contract/object-store.ts';
import { s3Subject } from '../support/s3-subject.ts';
import { startMinio } from '../support/servers/minio.ts';
import { startMinistack } from '../support/servers/ministack.ts';

describeHttpObjectStore('S3 on MinIO', async () => s3Subject(await startMinio()));

describeHttpObjectStore('S3 on ministack', async () => s3Subject(await startMinistack()));
