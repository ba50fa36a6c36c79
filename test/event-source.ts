import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

/** One event of a stream; a comment has the name of none. */
export interface SentEvent {
  readonly event: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A request for events, and its answer as it comes. */
export interface EventSource {
  readonly sent: ClientRequest;
  readonly response: IncomingMessage;
  /** Everything so far, and to its end once that is awaited. */
  events(): Promise<SentEvent[]>;
}

interface SourceOptions {
  readonly text?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Asks for a summary as events; resolves with the head of the answer. */
export async function openEvents(
  url: string,
  { text = 'hello', query = '', headers = {} }: SourceOptions = {},
): Promise<EventSource> {
  const body = JSON.stringify({ text });
  const sent = request(`${url}/predict/text_summarize${query}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream', ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return {
    sent,
    response,
    async events() {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return parseEvents(Buffer.concat(chunks).toString());
    },
  };
}

/** What stands in a stream that is over. */
export function parseEvents(stream: string): SentEvent[] {
  const blocks = stream.split('\n\n');
  if (blocks.pop() !== '') throw new Error(`The stream ends within an event: ${stream.slice(-80)}`);
  return blocks.map((block) => {
    if (block.startsWith(':')) return { event: null, data: { comment: block } };
    const [, event, data] = /^event: (\w+)\ndata: (\{.*\})$/.exec(block)!;
    return { event: event!, data: JSON.parse(data!) as SentEvent['data'] };
  });
}

/** The text of all `text` events. */
export function textOf(events: readonly SentEvent[]): string {
  return events.flatMap(({ event, data }) => (event === 'text' ? [data['delta']] : [])).join('');
}
