import type { SummarizeEvent } from './schemas.ts';

/** How far a summary is, as both edges tell it. */
export interface SummaryProgress {
  readonly state: 'queued' | 'loading' | 'running';
  /** 1 is the next one; null where nothing is waited for but the files of the model. */
  readonly place: number | null;
  readonly output_tokens: number;
  readonly max_length: number | null;
  /** Of a text that is gone through in parts. */
  readonly parts?: { readonly round: number; readonly num_done: number; readonly num_parts: number };
}

/** What an event says of a summary's progress; undefined for news of a download that goes on. */
export function describeProgress(event: SummarizeEvent): SummaryProgress | undefined {
  switch (event.type) {
    case 'state':
      return { state: event.state, place: event.place, output_tokens: 0, max_length: null };
    case 'tokens':
      return { state: 'running', place: null, output_tokens: event.outputTokens, max_length: event.maxLength };
    case 'parts':
      return {
        state: 'running',
        place: null,
        output_tokens: 0,
        max_length: null,
        parts: { round: event.round, num_done: event.numDone, num_parts: event.numParts },
      };
    case 'start':
    case 'preparing':
      return { state: 'loading', place: null, output_tokens: 0, max_length: null };
    case 'progress':
    case 'waiting':
      return undefined;
  }
}
