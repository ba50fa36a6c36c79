import type { Engine } from '../engine.ts';
import type { ImageSpool } from '../image-spool.ts';
import type { Dtype } from '../schemas.ts';
import { createBatchRoutes } from './batch/batch-routes.ts';
import { readApiInfo } from './docs/api-info.ts';
import { createDocsRoutes } from './docs/docs-routes.ts';
import { createOpenApiDocument, type DocumentedAccess } from './docs/openapi.ts';
import { createEngineRoutes } from './engine-api/engine-routes.ts';
import { createHealthRoutes } from './health-routes.ts';
import { createCatalogue } from './models/catalogue.ts';
import { createModelRoutes } from './models/model-routes.ts';
import { createMetricsRoute, type ScrapedMetrics } from './observation/metrics-route.ts';
import { createOpenInferenceRoutes } from './open-inference/open-inference-routes.ts';
import type { Readiness } from './readiness.ts';
import type { Route } from './route.ts';
import type { ServerSettings } from './server-settings.ts';
import { createTutorialRoutes, type TutorialParts } from './tutorial/tutorial-routes.ts';

export interface RouteParts extends TutorialParts {
  readonly engine: Engine;
  readonly settings: ServerSettings;
  readonly spool: ImageSpool;
  /** The number format in which models are asked where a request does not say. */
  readonly dtype: Dtype;
  readonly metrics: ScrapedMetrics;
  readonly readiness: () => Readiness;
  /** What the document says of how to get at the API. */
  readonly access?: DocumentedAccess;
}

/** All that a server answers: the API, what supervises it, and the pages that document both. */
export function createRoutes({ metrics, readiness, access, dtype, ...parts }: RouteParts): readonly Route[] {
  const { engine, settings, spool } = parts;
  const info = readApiInfo();
  const catalogue = createCatalogue({ engine, aliases: settings.aliases, dtype });
  const dialect = { ...parts, catalogue, uploads: { spool, maxBytes: settings.maxUploadBytes } };
  const documented = [
    ...createTutorialRoutes(parts),
    ...createBatchRoutes(dialect),
    ...createModelRoutes(dialect),
    ...createEngineRoutes(dialect),
    ...createOpenInferenceRoutes({ ...dialect, readiness, info }),
    ...createHealthRoutes(readiness),
    createMetricsRoute(metrics),
  ];
  const document = createOpenApiDocument(documented, info, access);
  return [...documented, ...createDocsRoutes({ document })];
}
