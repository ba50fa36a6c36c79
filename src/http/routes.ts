import { readApiInfo } from './docs/api-info.ts';
import { createDocsRoutes } from './docs/docs-routes.ts';
import { createOpenApiDocument, type DocumentedAccess } from './docs/openapi.ts';
import { createHealthRoutes } from './health-routes.ts';
import { createMetricsRoute, type ScrapedMetrics } from './observation/metrics-route.ts';
import type { Readiness } from './readiness.ts';
import type { Route } from './route.ts';
import { createTutorialRoutes, type TutorialParts } from './tutorial/tutorial-routes.ts';

export interface RouteParts extends TutorialParts {
  readonly metrics: ScrapedMetrics;
  readonly readiness: () => Readiness;
  /** What the document says of how to get at the API. */
  readonly access?: DocumentedAccess;
}

/** All that a server answers: the API, what supervises it, and the pages that document both. */
export function createRoutes({ metrics, readiness, access, ...parts }: RouteParts): readonly Route[] {
  const documented = [...createTutorialRoutes(parts), ...createHealthRoutes(readiness), createMetricsRoute(metrics)];
  const document = createOpenApiDocument(documented, readApiInfo(), access);
  return [...documented, ...createDocsRoutes({ document })];
}
