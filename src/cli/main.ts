/** The command line's process: arguments in, exit status out. */
import { CommanderError } from 'commander';
import { createEngine, createEngineOver, type EngineOptions } from '../engine.ts';
import { reportError } from '../errors.ts';
import { jsonLine, printable } from '../printable-text.ts';
import type { RunnerEvents } from '../runtime/runner-connection.ts';
import { EXIT, EXIT_STATUS } from './exit-status.ts';
import { startRunnerHere } from './in-process-runner.ts';
import { createProgram } from './program.ts';
import { catchSignals } from './signals.ts';
import { processTerminal } from './terminal.ts';

const signals = catchSignals(process);
const terminal = processTerminal(process, signals.signal);
// Results may be lost after everything else went well.
process.once('exit', () => {
  if (terminal.outputFailed) process.exitCode = EXIT.inputFailed;
});
const program = await createProgram(
  {
    terminal,
    signal: signals.signal,
    acceptSignal: signals.accept,
    setExitStatus: (status) => {
      process.exitCode = status;
    },
    createEngine: async (options: EngineOptions, { oneShot }) => {
      if (!oneShot) return createEngine(options);
      const connect = (events: RunnerEvents) => {
        // From here on there is nothing to end before the process may: a signal can end it at once.
        signals.release();
        return startRunnerHere(events);
      };
      return createEngineOver({ connect, spoolAboveBytes: Infinity }, options);
    },
  },
  process.argv.slice(2),
);
try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  } else if (!signals.signal.aborted) {
    const report = reportError(error);
    terminal.writeDiagnostic(printable(report.message));
    if (program.commands.some((command) => command.opts()['json'] === true)) {
      await terminal.writeResult(`${jsonLine({ error: report })}\n`);
    }
    process.exitCode = EXIT_STATUS[report.code];
  }
}
signals.reraise();
