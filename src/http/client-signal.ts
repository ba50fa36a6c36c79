import type { ServerResponse } from 'node:http';
import { ClientGone } from './refusal.ts';

/** Aborts, with ClientGone, as soon as the connection closes before the answer was sent. */
export function clientSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const leave = () => {
    if (!response.writableFinished) controller.abort(new ClientGone());
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  return controller.signal;
}
