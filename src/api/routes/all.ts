/** Every route of the API, in the order of its document. */
import type { ApiContext } from '../context.ts';
import type { Route } from '../route.ts';
import { auditRoutes } from './audit.ts';
import { diagnosisRoutes } from './diagnosis.ts';
import { documentRoutes } from './document.ts';
import { channelRoutes } from './channels.ts';
import { eventRoutes } from './events.ts';
import { configurationRoutes } from './configuration.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { maintenanceRoutes } from './maintenance.ts';
import { operationRoutes } from './operations.ts';
import { positionRoutes } from './positions.ts';
import { recordRoutes } from './records.ts';
import { tableRoutes } from './tables.ts';

export function allRoutes(context: ApiContext): readonly Route[] {
  const routes: readonly Route[] = [
    ...tableRoutes(context),
    ...recordRoutes(context),
    ...channelRoutes(context),
    ...positionRoutes(context),
    ...auditRoutes(context),
    ...diagnosisRoutes(context),
    ...deadLetterRoutes(context),
    ...configurationRoutes(context),
    ...maintenanceRoutes(context),
    ...operationRoutes(context),
    ...eventRoutes(context),
    ...documentRoutes(context, () => routes),
  ];
  return routes;
}
