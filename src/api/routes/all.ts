/** Every route of the API. */
import type { ApiContext } from '../context.ts';
import type { Route } from '../route.ts';
import { auditRoutes } from './audit.ts';
import { diagnosisRoutes } from './diagnosis.ts';
import { eventRoutes } from './events.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { operationRoutes } from './operations.ts';
import { positionRoutes } from './positions.ts';
import { recordRoutes } from './records.ts';
import { tableRoutes } from './tables.ts';

export const allRoutes = (context: ApiContext): readonly Route[] => [
  ...recordRoutes(context),
  ...positionRoutes(context),
  ...tableRoutes(context),
  ...auditRoutes(context),
  ...diagnosisRoutes(context),
  ...deadLetterRoutes(context),
  ...operationRoutes(context),
  ...eventRoutes(context),
];
