/** The preparer process. It prepares nothing yet: whoever asks goes on with the graphs as they are. */
import type { FromPreparer } from '../../protocol.ts';

process.once('message', () => {
  const error = { code: 'INTERNAL', message: 'this version has no preparer' } as const;
  process.send?.({ type: 'failed', error } satisfies FromPreparer);
});
