/** A value as Python's json module reads it: whole numbers may be of any size, floats infinite; objects keep their order. */
export type JsonValue = null | boolean | number | bigint | string | JsonValue[] | JsonObject;
type JsonObject = Map<string, JsonValue>;

/** What makes a text no JSON, in the words of Python's `JSONDecodeError`. */
export class JsonSyntaxError extends Error {
  override readonly name = 'JsonSyntaxError';
  /** Where, in code points. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/** JSON that may be valid but is more than is read: nested too deep or a number too long for CPython, or too many values. */
export class JsonLimitError extends Error {
  override readonly name = 'JsonLimitError';
  readonly limit: 'depth' | 'digits' | 'values';

  constructor(limit: JsonLimitError['limit']) {
    super(`The JSON is over the limit of ${limit}.`);
    this.limit = limit;
  }
}

/** Values of a text, those within others included: the event loop stands still while they are made. */
export const MAX_JSON_VALUES = 100_000;

/** About where CPython's recursion limit is reached below a web server's frames. */
const MAX_DEPTH = 950;
/** CPython reads no whole numbers of more digits. */
const MAX_DIGITS = 4300;
const CONTROL = '\\0-\\x1f';
/** What stands for itself in a string. */
const PLAIN = new RegExp(`[^"\\\\${CONTROL}]*`, 'y');
const SPACE = /[ \t\n\r]*/y;
const ASTRAL = /[\u{10000}-\u{10ffff}]/gu;
const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/y;
const CONSTANT = /null|true|false|NaN|-?Infinity/y;
const CONSTANTS: Readonly<Record<string, JsonValue>> = {
  null: null,
  true: true,
  false: false,
  NaN: Number.NaN,
  Infinity: Number.POSITIVE_INFINITY,
  '-Infinity': Number.NEGATIVE_INFINITY,
};

/**
 * Parses a text as Python's `json.loads` does, NaN and Infinity included.
 * @throws JsonSyntaxError, JsonLimitError
 */
export function parsePythonJson(text: string): JsonValue {
  const parser = new PythonJsonParser(text);
  return parser.parse();
}

class PythonJsonParser {
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #numValues = 0;

  constructor(text: string) {
    this.#text = text;
  }

  parse(): JsonValue {
    this.#skipSpace();
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) throw this.#error('Extra data');
    return value;
  }

  #value(): JsonValue {
    if (++this.#numValues > MAX_JSON_VALUES) throw new JsonLimitError('values');
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === '{' || first === '[') {
      if (++this.#depth > MAX_DEPTH) throw new JsonLimitError('depth');
      const value = first === '{' ? this.#object() : this.#array();
      this.#depth--;
      return value;
    }
    const constant = this.#match(CONSTANT);
    return constant === null ? this.#number() : CONSTANTS[constant[0]]!;
  }

  #object(): JsonObject {
    const object: JsonObject = new Map();
    this.#at++;
    this.#skipSpace();
    if (this.#take('}')) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') throw this.#error('Expecting property name enclosed in double quotes');
      const key = this.#string();
      this.#skipSpace();
      if (!this.#take(':')) throw this.#error("Expecting ':' delimiter");
      this.#skipSpace();
      object.set(key, this.#value());
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take('}')) throw this.#error("Expecting ',' delimiter");
    return object;
  }

  #array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.#at++;
    this.#skipSpace();
    if (this.#take(']')) return array;
    do {
      this.#skipSpace();
      array.push(this.#value());
      this.#skipSpace();
    } while (this.#take(','));
    if (!this.#take(']')) throw this.#error("Expecting ',' delimiter");
    return array;
  }

  #string(): string {
    const start = this.#at++;
    let escaped = false;
    for (;;) {
      this.#match(PLAIN);
      const next = this.#text[this.#at];
      if (next === undefined) throw this.#error('Unterminated string starting at', start);
      if (next === '"') break;
      if (next !== '\\') throw this.#error('Invalid control character at');
      this.#escape(start);
      escaped = true;
    }
    const literal = this.#text.slice(start, ++this.#at);
    return escaped ? (JSON.parse(literal) as string) : literal.slice(1, -1);
  }

  #escape(start: number): void {
    const letter = this.#text[this.#at + 1];
    if (letter === undefined) throw this.#error('Unterminated string starting at', start);
    if (letter === 'u') {
      const digits = this.#text.slice(this.#at + 2, this.#at + 6);
      // CPython also asks for one more character.
      if (!/^[0-9a-fA-F]{4}$/.test(digits) || this.#at + 6 >= this.#text.length) {
        throw this.#error('Invalid \\uXXXX escape', this.#at + 1);
      }
      this.#at += 6;
    } else if (!'"\\/bfnrt'.includes(letter)) {
      throw this.#error('Invalid \\escape');
    } else {
      this.#at += 2;
    }
  }

  #number(): number | bigint {
    const match = this.#match(NUMBER);
    if (match === null) throw this.#error('Expecting value');
    const [literal, fraction, exponent] = match;
    const value = Number(literal);
    if (fraction !== undefined || exponent !== undefined) return value;
    if (literal.replace('-', '').length > MAX_DIGITS) throw new JsonLimitError('digits');
    return Number.isSafeInteger(value) ? value : BigInt(literal);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at += match[0].length;
    return match;
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    this.#match(SPACE);
  }

  #error(message: string, at: number = this.#at): JsonSyntaxError {
    const numAstral = this.#text.slice(0, at).match(ASTRAL)?.length ?? 0;
    return new JsonSyntaxError(message, at - numAstral);
  }
}
