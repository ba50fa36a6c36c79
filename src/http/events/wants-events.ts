import { parseHeaderOptions } from '../body/header-options.ts';

export const EVENT_STREAM = 'text/event-stream';
const JSON_TYPE = 'application/json';
/** What means JSON, the most specific first. */
const JSON_RANGES = [JSON_TYPE, 'application/*', '*/*'] as const;

/** What a client accepts, and how much. */
interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

/**
 * Whether an Accept header (RFC 9110, 12.5.1) asks for server-sent events rather than for JSON. It has to name them: whoever takes
 * anything, or any text, gets JSON as always. Of two that are named and liked alike the first one is meant.
 */
export function wantsEvents(accept: string): boolean {
  const ranges = accept.split(',').map(parseRange);
  const place = ranges.findIndex(({ type }) => type === EVENT_STREAM);
  const events = ranges[place];
  if (events === undefined || events.quality === 0) return false;
  const [json] = JSON_RANGES.flatMap((wanted) => ranges.filter(({ type }) => type === wanted));
  if (json === undefined || json.quality < events.quality) return true;
  const namedBefore = json.type === JSON_TYPE && ranges.indexOf(json) < place;
  return json.quality === events.quality && !namedBefore;
}

function parseRange(range: string): MediaRange {
  const { value, options } = parseHeaderOptions(range);
  const quality = Number(options.get('q') ?? 1);
  // What cannot be understood is not asked for.
  return { type: value, quality: quality >= 0 && quality <= 1 ? quality : 0 };
}
