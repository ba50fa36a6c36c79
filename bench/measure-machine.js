// What this machine can do at most, in a process of its own: node measure-machine.js '{"numThreads"}'
// Memory is read by rows that meet matrices far larger than the caches, and by comparing; matrices of 1024 x 1024 are multiplied.
import { ELEMENT_TYPE, onnxBytes } from './onnx-bytes.js';
import { ownModule } from './own-module.js';

const LARGE = { size: 4096, numMatrices: 8 };
const SQUARE = { size: 1024, numMatrices: 8 };
const NUM_RUNS = 10;

const ort = ownModule('onnxruntime-node');
const { numThreads } = JSON.parse(process.argv[2] ?? '');

/** @param {() => unknown} run the fastest of several, in seconds: the machine at its best is the limit */
async function fastest(run) {
  let fastestMs = Infinity;
  for (let count = 0; count < NUM_RUNS; count++) {
    const startMs = performance.now();
    await run();
    fastestMs = Math.min(fastestMs, performance.now() - startMs);
  }
  return fastestMs / 1000;
}

/**
 * Seconds that rows need to meet all matrices.
 * @param {'MatMul' | 'MatMulInteger'} opType
 * @param {number} rows
 * @param {{ size: number, numMatrices: number }} matrices
 */
async function multiply(opType, rows, { size, numMatrices }) {
  const integer = opType === 'MatMulInteger';
  const [leftType, rightType, outType] = integer ? ['uint8', 'int8', 'int32'] : ['float32', 'float32', 'float32'];
  const value = (/** @type {string} */ name, /** @type {string | undefined} */ type, /** @type {number[]} */ shape) => ({
    name,
    elementType: ELEMENT_TYPE[/** @type {keyof typeof ELEMENT_TYPE} */ (type)],
    shape,
  });
  const names = Array.from({ length: numMatrices }, (_, place) => `matrix${place}`);
  const bytes = onnxBytes(
    names.map((name) => ({ opType, inputs: ['left', name], outputs: [`${name}_out`] })),
    [value('left', leftType, [rows, size]), ...names.map((name) => value(name, rightType, [size, size]))],
    names.map((name) => value(`${name}_out`, outType, [rows, size])),
  );
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: numThreads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
  const left = new ort.Tensor(leftType, integer ? new Uint8Array(rows * size).fill(3) : floats(rows * size), [rows, size]);
  const matrix = () => new ort.Tensor(rightType, integer ? new Int8Array(size ** 2).fill(3) : floats(size ** 2), [size, size]);
  const feeds = { left, ...Object.fromEntries(names.map((name) => [name, matrix()])) };
  const seconds = await fastest(() => session.run(feeds));
  await session.release();
  return seconds;
}

/** @param {number} length small, and no zeros */
function floats(length) {
  return new Float32Array(length).fill(1e-4);
}

/** @param {{ size: number, numMatrices: number }} matrices */
const numWeights = ({ size, numMatrices }) => numMatrices * size ** 2;
const [a, b] = [Buffer.alloc(2 ** 27, 1), Buffer.alloc(2 ** 27, 1)];
const readBytesPerSecond = {
  products: (numWeights(LARGE) * 4) / (await multiply('MatMul', 1, LARGE)),
  comparing: (a.length + b.length) / (await fastest(() => a.equals(b))),
};
const operations = 2 * SQUARE.size * numWeights(SQUARE);
const machine = {
  readBytesPerSecond: Math.max(...Object.values(readBytesPerSecond)),
  fp32PerSecond: operations / (await multiply('MatMul', SQUARE.size, SQUARE)),
  int8PerSecond: operations / (await multiply('MatMulInteger', SQUARE.size, SQUARE)),
};
process.stdout.write(JSON.stringify(machine));
