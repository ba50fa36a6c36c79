import * as v from 'valibot';
import { OnnxPredictError } from '../errors.ts';

const MAX_LABELS = 100_000;
const MAX_LABEL_LENGTH = 4096;
const ConfigSchema = v.object({ id2label: v.record(v.string(), v.string()) });

/**
 * The labels of a classifier's config.json, by row of the logits: `id2label` has the keys "0" to numLabels - 1.
 * @throws OnnxPredictError MODEL_INVALID naming the file and what is wrong with it
 */
export function parseLabels(config: unknown, source: string): readonly string[] {
  const parsed = v.safeParse(ConfigSchema, config);
  if (!parsed.success) throw invalid(source, 'has no id2label that maps row numbers to label texts, so it is no classifier');
  const { id2label } = parsed.output;
  const numLabels = Object.keys(id2label).length;
  if (numLabels === 0) throw invalid(source, 'has an empty id2label');
  if (numLabels > MAX_LABELS) throw invalid(source, `has ${numLabels} labels; at most ${MAX_LABELS} are read`);
  return Array.from({ length: numLabels }, (_, row) => {
    const label = id2label[String(row)];
    if (label === undefined) throw invalid(source, `has ${numLabels} labels in id2label, but none for row ${row}`);
    if (label.length > MAX_LABEL_LENGTH) throw invalid(source, `has a label of ${label.length} characters for row ${row}`);
    return label;
  });
}

function invalid(source: string, problem: string): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', `${source} ${problem}.`);
}
