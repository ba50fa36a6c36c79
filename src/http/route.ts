import type { Context } from 'koa';
import type * as v from 'valibot';
import type { PathParameters } from './path-pattern.ts';

/** What a route answers with under one status. */
export interface DocumentedResponse {
  readonly description: string;
  /** Undefined: no body. */
  readonly content?: { readonly type: string; readonly schema: v.GenericSchema } | undefined;
  /** What comes instead, as text/event-stream, where `Accept` asks for it. */
  readonly events?: v.GenericSchema;
}

/** What the OpenAPI document says of a route, made of the schemas that validate. */
export interface RouteDocumentation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tag: string;
  /** What stands for each parameter in the path. */
  readonly path?: v.ObjectSchema<v.ObjectEntries, undefined>;
  /** One optional entry for each query parameter. */
  readonly query?: v.ObjectSchema<v.ObjectEntries, undefined>;
  /** By media type. */
  readonly body?: Readonly<Record<string, v.GenericSchema>>;
  readonly responses: Readonly<Record<number, DocumentedResponse>>;
}

/** One route: what matches it, what documents it and what answers, in one place. */
export interface Route {
  /** A GET answers HEAD too. */
  readonly method: 'GET' | 'POST';
  /** Matched exactly, after percent-decoding. `{alias}` stands for one segment that is not empty. */
  readonly path: string;
  /** Whether it answers without an API key, and counts for no limit, where there are keys and limits. */
  readonly open?: boolean;
  /** Null: not part of the documented API, as the pages that show it. */
  readonly documentation: RouteDocumentation | null;
  /** Sets the context's status and body; what it throws becomes the answer. */
  readonly handle: (context: Context, parameters: PathParameters) => Promise<void> | void;
}
