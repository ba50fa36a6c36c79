import type { Context } from 'koa';
import { jsonLine } from '../../printable-text.ts';
import { EVENT_STREAM } from './wants-events.ts';

/** Server-sent events to one client. What it does not take yet is kept as one event of each kind, however long it does not read. */
export interface EventStream {
  /** Whether the answer has begun: until then it can still be another one. */
  readonly opened: boolean;
  /** Sends the newest state of something; one that was not sent yet is forgotten. */
  update(event: string, data: object): void;
  /** Sends the next part of a text, as `{"delta"}`. */
  append(event: string, part: string): void;
  /** Sends what is left, the last event, and resolves when the client has them all, or has left. */
  end(event: string, data: object): Promise<void>;
  /** Sends nothing more. */
  close(): void;
}

interface EventStreamOptions {
  readonly pingIntervalMs: number;
  /** A client that takes nothing for so long is taken for gone. Default: two minutes. */
  readonly stalledMs?: number;
}

const STALLED_MS = 120_000;
const HEADERS = {
  'Content-Type': EVENT_STREAM,
  'Cache-Control': 'no-store',
  // nginx would keep events until there are many.
  'X-Accel-Buffering': 'no',
};

/**
 * Answers a request with events, of which the first opens the answer with status 200; so does a silence of `pingIntervalMs`, which a
 * comment breaks each time, as proxies close what is silent.
 */
export function createEventStream(context: Context, { pingIntervalMs, stalledMs = STALLED_MS }: EventStreamOptions): EventStream {
  const { res } = context;
  const updates = new Map<string, object>();
  const texts = new Map<string, string>();
  let scheduled: NodeJS.Immediate | undefined;
  let blockedSinceMs: number | undefined;
  const timer = setTimeout(ping, pingIntervalMs).unref();

  function write(chunk: string): void {
    if (!res.headersSent) open();
    timer.refresh();
    if (res.write(chunk)) return;
    blockedSinceMs = performance.now();
    res.once('drain', () => {
      if (res.writableEnded) return;
      blockedSinceMs = undefined;
      flush();
    });
  }

  function open(): void {
    context.status = 200;
    context.vary('Accept');
    context.set(HEADERS);
    context.respond = false;
  }

  function ping(): void {
    timer.refresh();
    if (res.destroyed) return;
    if (blockedSinceMs === undefined) write(': ping\n\n');
    else if (performance.now() - blockedSinceMs > stalledMs) res.destroy();
  }

  /** Everything that waits, as events. */
  function take(): string {
    const events = [
      ...[...updates].map(([event, data]) => format(event, data)),
      ...[...texts].map(([event, delta]) => format(event, { delta })),
    ];
    updates.clear();
    texts.clear();
    return events.join('');
  }

  function flush(): void {
    scheduled = undefined;
    if (blockedSinceMs !== undefined || res.destroyed || res.writableEnded || updates.size + texts.size === 0) return;
    write(take());
  }

  return {
    get opened() {
      return res.headersSent;
    },
    update(event, data) {
      updates.set(event, data);
      // What comes in one turn goes in one packet.
      scheduled ??= setImmediate(flush);
    },
    append(event, part) {
      texts.set(event, (texts.get(event) ?? '') + part);
      scheduled ??= setImmediate(flush);
    },
    async end(event, data) {
      if (!res.headersSent) open();
      if (res.destroyed) return;
      const closed = new Promise<void>((resolve) => res.once('finish', resolve).once('close', resolve));
      // Nothing more is sent: from here on it is the client's turn.
      blockedSinceMs ??= performance.now();
      res.end(take() + format(event, data));
      await closed;
    },
    close() {
      clearTimeout(timer);
      clearImmediate(scheduled);
    },
  };
}

function format(event: string, data: object): string {
  return `event: ${event}\ndata: ${jsonLine(data)}\n\n`;
}
