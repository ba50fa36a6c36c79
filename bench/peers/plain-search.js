// Greedy and beam search as plainly as they can be: all that a step needs is copied, beams are gathered and scored in JavaScript.
import { ownModule } from '../own-module.js';

const { Tensor } = ownModule('onnxruntime-node');

/** The ids of one text, start token first. */
export async function greedySearch({ decoder, config, hidden, numTokens }) {
  const step = createSteps({ decoder, config, hidden, numBeams: 1 });
  const ids = [config.decoder_start_token_id];
  while (ids.length < numTokens) {
    const { data } = await step([ids.at(-1)]);
    let best = 0;
    for (let token = 1; token < data.length; token++) if (data[token] > data[best]) best = token;
    ids.push(best);
  }
  return ids;
}

/** The ids of the best of `numBeams` texts. */
export async function beamSearch({ decoder, config, hidden, numTokens, numBeams }) {
  const step = createSteps({ decoder, config, hidden, numBeams });
  let beams = Array.from({ length: numBeams }, (_, place) => ({
    ids: [config.decoder_start_token_id],
    score: place === 0 ? 0 : -1e9,
    from: place,
  }));
  while (beams[0].ids.length < numTokens) {
    const { data } = await step(
      beams.map(({ ids }) => ids.at(-1)),
      beams.map(({ from }) => from),
    );
    const vocabSize = data.length / numBeams;
    beams = beams
      .flatMap((beam, place) => extend(beam, place, data.subarray(place * vocabSize, (place + 1) * vocabSize), numBeams))
      .sort((a, b) => b.score - a.score)
      .slice(0, numBeams);
  }
  return beams[0].ids;
}

/** A beam's best continuations, by their log-probabilities. */
function extend({ ids, score }, place, logits, count) {
  let highest = -Infinity;
  for (const logit of logits) highest = Math.max(highest, logit);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - highest);
  const normalizer = highest + Math.log(sum);
  const best = [];
  for (let token = 0; token < logits.length; token++) {
    if (best.length === count && logits[token] <= logits[best[count - 1]]) continue;
    const after = best.findIndex((other) => logits[other] < logits[token]);
    best.splice(after === -1 ? best.length : after, 0, token);
    best.length = Math.min(best.length, count);
  }
  return best.map((token) => ({ ids: [...ids, token], score: score + logits[token] - normalizer, from: place }));
}

/** What asks the merged decoder for the next logits, all beams at once, and keeps its caches. */
function createSteps({ decoder, config, hidden, numBeams }) {
  const heads = config.num_heads ?? config.decoder_attention_heads;
  const dim = config.d_kv ?? config.d_model / heads;
  const [, length, width] = hidden.dims;
  const tiled = new Float32Array(numBeams * length * width);
  for (let beam = 0; beam < numBeams; beam++) tiled.set(hidden.data, beam * length * width);
  const presents = decoder.outputNames.filter((name) => name.startsWith('present.'));
  const constant = {
    encoder_hidden_states: new Tensor('float32', tiled, [numBeams, length, width]),
    encoder_attention_mask: new Tensor('int64', new BigInt64Array(numBeams * length).fill(1n), [numBeams, length]),
  };
  let past = Object.fromEntries(
    presents.map((name) => [toPast(name), new Tensor('float32', new Float32Array(0), [numBeams, heads, 0, dim])]),
  );
  let first = true;

  return async (tokens, order) => {
    const feeds = {
      ...constant,
      ...past,
      input_ids: new Tensor('int64', BigInt64Array.from(tokens, BigInt), [numBeams, 1]),
      use_cache_branch: new Tensor('bool', Uint8Array.of(first ? 0 : 1), [1]),
    };
    // The caches of the last step belong to the beams as they were before they were chosen.
    if (order !== undefined && !first) {
      for (const name of presents.filter((name) => name.includes('.decoder.'))) {
        feeds[toPast(name)] = gather(past[toPast(name)], order);
      }
    }
    const known = Object.fromEntries(Object.entries(feeds).filter(([name]) => decoder.inputNames.includes(name)));
    const outputs = await decoder.run(known);
    const next = presents.filter((name) => first || !name.includes('.encoder.')).map((name) => [toPast(name), outputs[name]]);
    past = { ...past, ...Object.fromEntries(next) };
    first = false;
    return outputs.logits;
  };
}

function toPast(present) {
  return present.replace('present', 'past_key_values');
}

function gather(tensor, order) {
  const rowSize = tensor.data.length / order.length;
  const data = new Float32Array(tensor.data.length);
  for (const [place, from] of order.entries())
    data.set(tensor.data.subarray(from * rowSize, (from + 1) * rowSize), place * rowSize);
  return new Tensor('float32', data, tensor.dims);
}
