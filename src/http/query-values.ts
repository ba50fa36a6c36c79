import * as v from 'valibot';
import { Refusal, type ValidationIssue } from './refusal.ts';
import { parsePythonFloat } from './tutorial/python-float.ts';
import { parsePythonInteger } from './tutorial/python-integer.ts';

/** Texts as pydantic reads them for true and false, in lower case. */
const BOOLEANS: Readonly<Record<string, boolean>> = {
  '1': true,
  on: true,
  t: true,
  true: true,
  y: true,
  yes: true,
  '0': false,
  f: false,
  false: false,
  n: false,
  no: false,
  off: false,
};

const NOT_INTEGER = 'Input should be a valid integer, unable to parse string as an integer';
const NOT_NUMBER = 'Input should be a valid number, unable to parse string as a number';
const NOT_BOOLEAN = 'Input should be a valid boolean, unable to interpret input';

/** Values as the schema has them, and what is wrong with the others. */
export interface QueryValues<Schema extends v.ObjectSchema<v.ObjectEntries, undefined>> {
  /** Only to be used where there are no issues. */
  readonly values: v.InferOutput<Schema>;
  readonly issues: readonly ValidationIssue[];
}

/** Reads a query by its schema, whose values are optional texts, choices of texts, numbers and booleans. Names that it lacks are ignored. */
export function readQueryValues<const Schema extends v.ObjectSchema<v.ObjectEntries, undefined>>(
  schema: Schema,
  query: ReadonlyMap<string, string>,
): QueryValues<Schema> {
  const values: Record<string, unknown> = {};
  const issues: ValidationIssue[] = [];
  for (const [name, entry] of Object.entries(schema.entries)) {
    const text = query.get(name);
    const decoded = text === undefined ? undefined : decode(entry, text);
    if (decoded instanceof Fault) {
      issues.push(describe(name, text!, decoded));
      continue;
    }
    const parsed = v.safeParse(entry, decoded);
    if (parsed.success) values[name] = parsed.output;
    else issues.push(describe(name, text!, outOfBounds(parsed.issues[0])));
  }
  return { values: values as v.InferOutput<Schema>, issues };
}

/** What pydantic calls a fault. */
class Fault {
  readonly type: string;
  readonly msg: string;
  readonly ctx: Readonly<Record<string, unknown>> | undefined;

  constructor(type: string, msg: string, ctx?: Readonly<Record<string, unknown>>) {
    this.type = type;
    this.msg = msg;
    this.ctx = ctx;
  }
}

function decode(entry: v.GenericSchema, text: string): unknown {
  const schema = wrapped(entry);
  const { type } = schema;
  if (type === 'number' && isInteger(schema)) return parsePythonInteger(text) ?? new Fault('int_parsing', NOT_INTEGER);
  if (type === 'number') {
    const value = parsePythonFloat(text) ?? new Fault('float_parsing', NOT_NUMBER);
    return Number.isNaN(value) ? new Fault('finite_number', 'Input should be a finite number') : value;
  }
  if (type === 'picklist') {
    const { options } = schema as v.PicklistSchema<readonly string[], undefined>;
    return options.includes(text) ? text : notAChoice(options);
  }
  if (type === 'boolean') return BOOLEANS[text.toLowerCase()] ?? new Fault('bool_parsing', NOT_BOOLEAN);
  return text;
}

function wrapped(entry: v.GenericSchema): v.GenericSchema {
  return 'wrapped' in entry ? (entry.wrapped as v.GenericSchema) : entry;
}

function isInteger(schema: v.GenericSchema): boolean {
  return 'pipe' in schema && (schema.pipe as readonly { readonly type: string }[]).some(({ type }) => type === 'integer');
}

function outOfBounds(issue: v.BaseIssue<unknown>): Fault {
  const bound = 'requirement' in issue ? issue.requirement : undefined;
  if (issue.type === 'min_value') {
    return new Fault('greater_than_equal', `Input should be greater than or equal to ${bound}`, { ge: bound });
  }
  if (issue.type === 'max_value') {
    return new Fault('less_than_equal', `Input should be less than or equal to ${bound}`, { le: bound });
  }
  return new Fault('value_error', `Value error, ${issue.message}`);
}

function notAChoice(choices: readonly string[]): Fault {
  const quoted = choices.map((choice) => `'${choice}'`);
  const expected = [quoted.slice(0, -1).join(', '), quoted.at(-1)].filter((part) => part !== '').join(' or ');
  return new Fault('literal_error', `Input should be ${expected}`, { expected });
}

function describe(name: string, input: string, { type, msg, ctx }: Fault): ValidationIssue {
  return { type, loc: ['query', name], msg, input, ...(ctx === undefined ? {} : { ctx }) };
}

/** @throws Refusal 422 if there are issues */
export function throwIssues(issues: readonly ValidationIssue[]): void {
  if (issues.length > 0) throw new Refusal(422, issues);
}
