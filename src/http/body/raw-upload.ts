import type { IncomingMessage } from 'node:http';
import { Refusal } from '../refusal.ts';
import type { ByteHold } from './held-bytes.ts';
import { readChunks, tooLarge } from './request-body.ts';
import { createUpload, type Upload, type UploadLimits } from './upload.ts';

/**
 * Reads a body that is a file. The caller discards it; where this throws, nothing is left.
 * @throws Refusal 400 if it is empty, 413, 429; ClientGone; OnnxPredictError INPUT_UNREADABLE
 */
export async function readRawUpload(request: IncomingMessage, limits: UploadLimits, hold: ByteHold): Promise<Upload> {
  const upload = createUpload(limits, hold);
  const { maxBytes } = limits;
  let isEmpty = true;
  try {
    for await (const chunk of readChunks(request, { maxBytes, refuse: () => tooLarge('file', maxBytes) })) {
      isEmpty = false;
      await upload.write(chunk);
    }
    if (isEmpty) throw new Refusal(400, 'The body is empty: send the bytes of a picture, or JSON.');
    return upload;
  } catch (error) {
    await upload.discard();
    throw error;
  }
}
