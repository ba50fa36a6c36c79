import { readApiInfo } from './docs/api-info.ts';
import { createDocsRoutes } from './docs/docs-routes.ts';
import { createOpenApiDocument } from './docs/openapi.ts';
import { createHealthRoutes } from './health-routes.ts';
import { createMetricsRoute, type ScrapedMetrics } from './observation/metrics-route.ts';
import type { Readiness } from './readiness.ts';
import { requestState } from './request-state.ts';
import type { Route } from './route.ts';
import { createTutorialRoutes, type TutorialParts } from './tutorial/tutorial-routes.ts';

export interface RouteParts extends TutorialParts {
  readonly metrics: ScrapedMetrics;
  readonly readiness: () => Readiness;
}

/** All that a server answers: the API, what supervises it, and the pages that document both. */
export function createRoutes({ metrics, readiness, ...parts }: RouteParts): readonly Route[] {
  const documented = [...createTutorialRoutes(parts), ...createHealthRoutes(readiness), createMetricsRoute(metrics)];
  const document = createOpenApiDocument(documented, readApiInfo());
  return [...documented, ...createDocsRoutes({ document })].map(noteRoute);
}

/** Lets the log and the metrics know which route it was. */
function noteRoute(route: Route): Route {
  return {
    ...route,
    handle(context) {
      requestState(context).route = route.path;
      return route.handle(context);
    },
  };
}
