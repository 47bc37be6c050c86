/** Series of maintenance jobs. */
import { Counter, type Registry } from 'prom-client';
import type { Metrics } from '../../contracts/metrics.ts';

export function maintenanceMetrics(registry: Registry): Pick<Metrics, 'compaction' | 'job'> {
  const registers = [registry];
  const compacted = new Counter({
    name: 'sluice_compaction_bytes_total',
    help: 'Bytes of data files that compaction read and wrote.',
    labelNames: ['direction'],
    registers,
  });
  const jobs = new Counter({
    name: 'sluice_maintenance_jobs_total',
    help: 'Maintenance jobs that ended, by kind and result.',
    labelNames: ['kind', 'result'],
    registers,
  });
  const seconds = new Counter({
    name: 'sluice_maintenance_job_seconds_total',
    help: 'Seconds that maintenance jobs ran.',
    labelNames: ['kind'],
    registers,
  });
  return {
    compaction: (read, written) => {
      compacted.inc({ direction: 'read' }, read);
      compacted.inc({ direction: 'written' }, written);
    },
    job: (kind, result, ran) => {
      jobs.inc({ kind, result });
      seconds.inc({ kind }, ran);
    },
  };
}
