import { OnnxPredictError } from '../errors.ts';

const MAX_PATH_LENGTH = 1024;
const MAX_PART_BYTES = 255;
/** Names that Windows gives to devices, whatever follows the first dot. */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this is about
const FORBIDDEN_CHARACTERS = /[\u0000-\u001f\u007f\\:*?"<>|]/;

/**
 * Refuses a file name of a repository that could mean a place outside the folder it is joined to, on any system.
 * @throws OnnxPredictError HUB_INVALID_ANSWER
 */
export function checkRepositoryPath(path: string): void {
  if (isSafeRepositoryPath(path)) return;
  const shown = JSON.stringify(path.slice(0, 120));
  throw new OnnxPredictError('HUB_INVALID_ANSWER', `The file name ${shown} could leave the cache folder; it is not used.`);
}

/** Whether a name of parts between slashes means a place inside the folder it is joined to, on any system. */
export function isSafeRepositoryPath(path: string): boolean {
  return path.length > 0 && path.length <= MAX_PATH_LENGTH && path.split('/').every(isSafePart);
}

function isSafePart(part: string): boolean {
  return (
    part !== '' &&
    part !== '.' &&
    part !== '..' &&
    Buffer.byteLength(part) <= MAX_PART_BYTES &&
    !FORBIDDEN_CHARACTERS.test(part) &&
    !WINDOWS_DEVICE.test(part) &&
    !/[. ]$/.test(part)
  );
}
