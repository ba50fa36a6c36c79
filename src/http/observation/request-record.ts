/** What is known of one request once it is over. Nothing of its text, its pictures, its query or its headers' values. */
export interface RequestRecord {
  readonly requestId: string;
  readonly method: string;
  /** The path of the route that matched; null for what matched none. */
  readonly route: string | null;
  /** What the client asked for, without the query, and cut where it is long. */
  readonly path: string;
  /** 499: the client left before its answer was there. */
  readonly status: number;
  readonly durationMs: number;
  /** Of the body, as far as it was read; null where that was not counted. */
  readonly bytesIn: number | null;
  /** Sent, headers included. */
  readonly bytesOut: number;
  /** The alias; null for what asks no model. */
  readonly model: string | null;
  readonly queueMs: number | null;
  /** The address at the other end of the connection or, behind proxies that are trusted, the one they name. */
  readonly client: string;
  /** The name of the API key; null where none was asked for, or none was right. */
  readonly key: string | null;
  /** Of the trace that the caller or the operator's OpenTelemetry began; null without one. */
  readonly traceId: string | null;
}
