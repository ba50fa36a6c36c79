import type { ErrorCode } from '../errors.ts';

/** Exit statuses beside 0, and 130 and 143 for signals. */
export const EXIT = {
  inputFailed: 1,
  usage: 2,
  abstained: 3,
  noModel: 4,
} as const;

/** What each failure means to a shell. A failure that is not of one input ends the command. */
export const EXIT_STATUS: Readonly<Record<ErrorCode, number>> = {
  INVALID_ARGUMENT: EXIT.usage,
  INPUT_NOT_FOUND: EXIT.inputFailed,
  INPUT_UNREADABLE: EXIT.inputFailed,
  IMAGE_UNSUPPORTED: EXIT.inputFailed,
  IMAGE_INVALID: EXIT.inputFailed,
  IMAGE_TOO_LARGE: EXIT.inputFailed,
  TEXT_INVALID: EXIT.inputFailed,
  TEXT_TOO_LONG: EXIT.inputFailed,
  MODEL_UNKNOWN: EXIT.noModel,
  MODEL_NOT_AVAILABLE: EXIT.noModel,
  MODEL_INVALID: EXIT.noModel,
  REPOSITORY_NOT_FOUND: EXIT.noModel,
  REPOSITORY_GATED: EXIT.noModel,
  REVISION_NOT_FOUND: EXIT.noModel,
  HUB_OFFLINE: EXIT.noModel,
  HUB_UNREACHABLE: EXIT.noModel,
  HUB_UNAUTHORIZED: EXIT.noModel,
  HUB_INVALID_ANSWER: EXIT.noModel,
  DOWNLOAD_CORRUPT: EXIT.noModel,
  CACHE_UNWRITABLE: EXIT.noModel,
  CACHE_INVALID: EXIT.noModel,
  CACHE_BUSY: EXIT.noModel,
  PREPARATION_FAILED: EXIT.inputFailed,
  RUNNER_CRASHED: EXIT.inputFailed,
  RUNNER_UNRESPONSIVE: EXIT.inputFailed,
  RUNNER_START_FAILED: EXIT.noModel,
  QUEUE_FULL: EXIT.inputFailed,
  QUEUE_TIMEOUT: EXIT.inputFailed,
  INPUT_REFUSED: EXIT.inputFailed,
  MEMORY_EXCEEDED: EXIT.noModel,
  ENGINE_CLOSED: EXIT.inputFailed,
  INTERNAL: EXIT.inputFailed,
};
