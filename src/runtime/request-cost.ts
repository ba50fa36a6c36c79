import { open } from 'node:fs/promises';
import { readImageHeader } from '../preprocessing/image-header.ts';
import type { ImageSource, RunnerRequest } from '../protocol.ts';

/** What a request is about to take, as far as it can be told without a tokenizer or a decoder. */
export interface RequestCost {
  /** 1 is a usual request: a text of 4 KiB with one beam, or a picture of a megapixel. */
  readonly cost: number;
  /** What it holds in this process while it waits. */
  readonly bytes: number;
}

const USUAL_TEXT_BYTES = 4096;
/** A model reads only so much of a text... */
const MAX_READ_BYTES = 16 * 1024;
/** ...but a tokenizer all of it: about as long for so much as a model takes for a usual text. */
const TOKENIZED_BYTES = 256 * 1024;
const USUAL_PIXELS = 1_000_000;
/** Enough for most headers. */
const HEAD_BYTES = 64 * 1024;
/** A picture whose size is not found is taken for one that is packed this well. */
const PIXELS_PER_BYTE = 4;

/** Estimates a request's cost. Of a picture in a file only the first bytes are read. */
export async function estimateCost(request: RunnerRequest): Promise<RequestCost> {
  switch (request.task) {
    case 'image-classification': {
      const bytes = 'bytes' in request.image ? request.image.bytes.length : 0;
      return { cost: Math.max(1, (await countPixels(request.image)) / USUAL_PIXELS), bytes };
    }
    case 'summarization': {
      const bytes = 2 * request.text.length;
      const read = Math.max(1, Math.min(bytes, MAX_READ_BYTES) / USUAL_TEXT_BYTES);
      return { cost: read * (request.generation.numBeams ?? 1) + bytes / TOKENIZED_BYTES, bytes };
    }
    case 'text-division': {
      // It stands for all the reading that follows from it.
      const bytes = 2 * request.text.length;
      return {
        cost: Math.max(1, bytes / USUAL_TEXT_BYTES) * (request.generation.numBeams ?? 1) + bytes / TOKENIZED_BYTES,
        bytes,
      };
    }
    case 'tokenization': {
      const bytes = 2 * request.text.length;
      return { cost: Math.max(1, bytes / TOKENIZED_BYTES), bytes };
    }
  }
}

async function countPixels(image: ImageSource): Promise<number> {
  const { head, length } = 'bytes' in image ? { head: image.bytes, length: image.bytes.length } : await readHead(image.path);
  try {
    const { width, height } = readImageHeader(head);
    return width * height;
  } catch {
    // What is no picture is refused by its runner.
    return length * PIXELS_PER_BYTE;
  }
}

async function readHead(path: string): Promise<{ readonly head: Uint8Array; readonly length: number }> {
  try {
    await using file = await open(path, 'r');
    const stats = await file.stat();
    if (!stats.isFile()) return { head: new Uint8Array(), length: 0 };
    const head = Buffer.alloc(Math.min(stats.size, HEAD_BYTES));
    const { bytesRead } = await file.read(head, 0, head.length, 0);
    return { head: head.subarray(0, bytesRead), length: stats.size };
  } catch {
    return { head: new Uint8Array(), length: 0 };
  }
}
