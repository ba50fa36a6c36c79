import type { IncomingMessage } from 'node:http';
import type { Middleware } from 'koa';
import { requestState } from '../request-state.ts';
import { CountedMessage } from './counted-message.ts';
import type { RequestRecord } from './request-record.ts';

const CLIENT_LEFT = 499;
const MAX_PATH_LENGTH = 256;

export interface RecordOptions {
  readonly onRecord: (record: RequestRecord) => void;
  /** The status of what was answered past the application: a body that came too slowly, say. */
  readonly statusPast: (request: IncomingMessage) => number | undefined;
  readonly nowMs?: () => number;
}

/** Tells of every request when it is over, also of one whose client has left. */
export function recordRequests({ onRecord, statusPast, nowMs = () => performance.now() }: RecordOptions): Middleware {
  return (context, next) => {
    const { req, res } = context;
    const { socket } = req;
    const startMs = nowMs();
    const sentBefore = socket.bytesWritten;
    const client = socket.remoteAddress ?? '';
    res.once('close', () => {
      const state = requestState(context);
      onRecord({
        requestId: state.requestId ?? '',
        method: req.method ?? '',
        route: state.route ?? null,
        path: loggedPath(req.url ?? ''),
        status: statusPast(req) ?? (res.writableFinished || state.answered === true ? res.statusCode : CLIENT_LEFT),
        durationMs: nowMs() - startMs,
        bytesIn: req instanceof CountedMessage ? req.bodyBytes : null,
        bytesOut: socket.bytesWritten - sentBefore,
        model: state.model ?? null,
        queueMs: state.timings?.['queueMs'] ?? null,
        client: state.client ?? client,
        key: state.key ?? null,
        traceId: state.traceId ?? null,
      });
    });
    return next();
  };
}

/** The record of what was answered below the application, as it never became a request. */
export function malformedRecord({
  requestId,
  status,
  client,
}: Pick<RequestRecord, 'requestId' | 'status' | 'client'>): RequestRecord {
  const nothing = { method: '', route: null, path: '', durationMs: 0, bytesIn: null, bytesOut: 0, model: null, queueMs: null };
  return { ...nothing, requestId, status, client, key: null, traceId: null };
}

/** Without the query: what stands there may be the text that was sent. */
function loggedPath(url: string): string {
  const [path = ''] = url.split(/[?#]/, 1);
  return path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
}
