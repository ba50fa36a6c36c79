import type { HubEnvironment } from '../config.ts';
import type { Clock } from '../disk/clock.ts';
import type { Fetch } from './default-fetch.ts';

/** The environment's settings with a caller's over them, and what tests put in the place of network and time. */
export interface HubSettings extends Omit<HubEnvironment, 'progressBars'> {
  readonly fetch: Fetch | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly stallMs: number;
  readonly xetFromBytes: number;
}
