// onnx-predict's part of summarize.js: node measure-summaries.js '{"model", "text", "numTokens", "numThreads", "numBeams"}'
import { createEngine } from '../dist/index.js';
import { peakMegabytes } from './peak-memory.js';

const { model, text, numTokens, numThreads, numBeams } = JSON.parse(process.argv[2] ?? '');
const engine = createEngine({ numThreads });
const options = { model, numBeams, minLength: numTokens, maxLength: numTokens, noRepeatNgramSize: null };
const first = await engine.summarize(text, options);
const summaryMs = [];
const stepMs = [];
for (let run = 0; run < 3; run++) {
  const startMs = performance.now();
  const { timings } = await engine.summarize(text, options);
  summaryMs.push(performance.now() - startMs);
  stepMs.push(timings.decodeMs / timings.steps);
}
const { inputTokens, outputTokens, timings } = first;
const cost = { loadMs: timings.loadMs, summaryMs, stepMs, inputTokens, outputTokens, peakMegabytes: await peakMegabytes() };
process.stdout.write(JSON.stringify(cost));
await engine.close();
