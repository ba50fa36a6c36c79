import type { JsonValue } from './body/python-json.ts';

/** One fault of a request's values, in the shape that FastAPI gives it. */
export interface ValidationIssue {
  readonly type: string;
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: JsonValue;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

/** What is said of a refusal: a sentence, or each fault of the values. */
export type ProblemDetail = string | readonly ValidationIssue[];

/** A request that this server does not answer, and what it says instead. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: number;
  readonly detail: ProblemDetail;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, detail: ProblemDetail, headers: Readonly<Record<string, string>> = {}) {
    super(typeof detail === 'string' ? detail : detail.map(({ msg }) => msg).join('; '));
    this.status = status;
    this.detail = detail;
    this.headers = headers;
  }
}

/** The caller closed the connection: there is nobody to answer. */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';

  constructor() {
    super('The client closed the connection before it was answered.');
  }
}

/** Values that do not fit. */
export function refuseValues(...issues: readonly ValidationIssue[]): Refusal {
  return new Refusal(422, issues);
}
