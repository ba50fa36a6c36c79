import { closeSync, constants, copyFileSync, linkSync, openSync, realpathSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { OnnxTensor } from './onnx-model.ts';
import type { FileRange } from './wire-reader.ts';

/** Smaller tensors are written into the graph itself. */
const MIN_EXTERNAL_BYTES = 1024;
const ALIGNMENT_BYTES = 64;
const OWN_FILE = 'weights.bin';

interface Place {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

/** The files that hold weights beside the graphs in one folder. */
export interface WeightFiles {
  /** Where a tensor's data lies, for as long as the folder does; undefined for what belongs into the graph. */
  place(data: OnnxTensor['data']): Place | undefined;
  close(): void;
}

/**
 * Keeps weights for the graphs of `folder`: files that hold them already are hard-linked, or copied where that is not possible, so
 * that nothing of the graphs lies outside the folder; new ones are written.
 */
export function createWeightFiles(folder: string): WeightFiles {
  const links = new Map<string, string>();
  const written = new Map<Exclude<OnnxTensor['data'], FileRange>, Place>();
  let own: { readonly file: number; size: number } | undefined;

  function link(path: string): string {
    const real = realpathSync(path);
    const known = links.get(real);
    if (known !== undefined) return known;
    const name = `source-${links.size}.bin`;
    const target = join(folder, name);
    try {
      linkSync(real, target);
    } catch {
      // Another file system, or one without links. A copy shares its blocks where that is possible.
      copyFileSync(real, target, constants.COPYFILE_FICLONE);
    }
    links.set(real, name);
    return name;
  }

  function write(data: Uint8Array): Place {
    own ??= { file: openSync(join(folder, OWN_FILE), 'wx'), size: 0 };
    const offset = Math.ceil(own.size / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
    for (let done = 0; done < data.length; ) done += writeSync(own.file, data, done, data.length - done, offset + done);
    own.size = offset + data.length;
    return { location: OWN_FILE, offset, length: data.length };
  }

  return {
    place(data) {
      if ('path' in data) return { location: link(data.path), offset: data.offset, length: data.length };
      if (data.length < MIN_EXTERNAL_BYTES) return undefined;
      let place = written.get(data);
      if (place === undefined) {
        place = write(data instanceof Uint8Array ? data : data.read());
        written.set(data, place);
      }
      return place;
    },
    close() {
      if (own !== undefined) closeSync(own.file);
    },
  };
}
