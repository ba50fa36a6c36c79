/** What became of one of several inputs. */
export type Outcome<T> = { readonly result: T } | { readonly error: unknown };

/**
 * Answers several inputs with one call. An input that cannot be made a request of, or whose request fails, fails alone.
 * @throws what `answer` throws
 */
export async function answerEach<Input, Request, Answer>(
  inputs: readonly Input[],
  prepare: (input: Input) => Promise<Request> | Request,
  answer: (requests: readonly Request[]) => Promise<readonly Outcome<Answer>[]>,
): Promise<Outcome<Answer>[]> {
  const prepared = await Promise.allSettled(inputs.map(async (input) => prepare(input)));
  const requests = prepared.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const answers = requests.length === 0 ? [] : [...(await answer(requests))];
  return prepared.map((one) => (one.status === 'rejected' ? toOutcome(one) : answers.shift()!));
}

/** A promise's end as an outcome. */
export function toOutcome<T>(settled: PromiseSettledResult<T>): Outcome<T> {
  return settled.status === 'fulfilled' ? { result: settled.value } : { error: settled.reason as unknown };
}
