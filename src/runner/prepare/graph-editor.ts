import { OnnxPredictError } from '../../errors.ts';
import {
  FLOAT,
  INT64,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
  toInt64,
} from './onnx-model.ts';

interface EditedNode extends OnnxNode {
  inputs: string[];
}

interface NewNode {
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, number | readonly number[]>>;
  /** The output's name; a new one without it. */
  readonly output?: string;
}

/** A graph that is being rewritten. Constants are initializers here, whatever they were, and there is no Identity. */
export class GraphEditor {
  readonly initializers: Map<string, OnnxTensor>;
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  readonly #producers = new Map<string, EditedNode>();
  readonly #consumers = new Map<string, Set<EditedNode>>();
  readonly #constants = new Map<string, string>();
  readonly #prefix: string;
  #numNames = 0;

  /**
   * @param prefix what new names begin with
   * @throws OnnxPredictError MODEL_INVALID if a value is made twice
   */
  constructor({ nodes, initializers, inputs, outputs }: OnnxGraph, prefix: string) {
    this.#prefix = prefix;
    this.initializers = new Map(initializers);
    this.inputs = [...inputs];
    this.outputs = [...outputs];
    const names = new Set(outputs.map(({ name }) => name));
    const sources = new Map<string, string>();
    const rest: OnnxNode[] = [];
    for (const node of nodes) {
      const constant = constantValue(node);
      if (constant !== undefined) this.initializers.set(node.outputs[0]!, constant);
      else if (isIdentity(node) && !names.has(node.outputs[0]!)) sources.set(node.outputs[0]!, node.inputs[0]!);
      else rest.push(node);
    }
    for (const node of rest) this.insert({ ...node, inputs: node.inputs.map((input) => followSources(sources, input)) });
  }

  /** All nodes, in no order that matters. */
  nodes(): OnnxNode[] {
    return [...new Set(this.#producers.values())];
  }

  /** The node that makes a value; undefined for inputs and constants. */
  producer(value: string): OnnxNode | undefined {
    return this.#producers.get(value);
  }

  consumers(value: string): OnnxNode[] {
    return [...(this.#consumers.get(value) ?? [])];
  }

  /** Adds a node of one output and returns the output's name. */
  add(opType: string, inputs: readonly string[], { domain = '', attributes = {}, output }: NewNode = {}): string {
    const name = output ?? this.newName(opType);
    const entries = Object.entries(attributes).map(([key, value]): [string, OnnxAttribute] => [
      key,
      typeof value === 'number' ? { kind: 'int', value } : { kind: 'ints', value },
    ]);
    this.insert({ opType, domain, name, inputs, outputs: [name], attributes: new Map(entries) });
    return name;
  }

  newName(stem: string): string {
    for (;;) {
      const name = `${this.#prefix}${stem}_${this.#numNames++}`;
      if (!this.#producers.has(name) && !this.initializers.has(name) && !this.#consumers.has(name)) return name;
    }
  }

  addInitializer(tensor: OnnxTensor, stem = 'constant'): string {
    const name = this.newName(stem);
    this.initializers.set(name, tensor);
    return name;
  }

  /** An int64 vector, or a scalar for a bare number; equal ones are one. */
  integers(value: number | readonly number[]): string {
    const values = typeof value === 'number' ? [value] : value;
    const dims = typeof value === 'number' ? [] : [value.length];
    return this.#shared(`i${JSON.stringify(value)}`, {
      dataType: INT64,
      dims,
      data: new Uint8Array(BigInt64Array.from(values, toInt64).buffer),
    });
  }

  /** The one number of a constant of int64; undefined for other values. */
  integerOf(value: string): number | undefined {
    const tensor = this.initializers.get(value);
    if (tensor?.dataType !== INT64 || !(tensor.data instanceof Uint8Array) || tensor.data.length !== 8) return undefined;
    return Number(new BigInt64Array(Uint8Array.from(tensor.data).buffer)[0]);
  }

  /** A float32 scalar. */
  scalar(value: number): string {
    return this.#shared(`f${value}`, { dataType: FLOAT, dims: [], data: new Uint8Array(Float32Array.of(value).buffer) });
  }

  /** Whoever reads `value` reads `replacement` from now on; the graph's outputs keep their names. */
  replaceUses(value: string, replacement: string): void {
    if (value === replacement) return;
    for (const node of this.consumers(value) as EditedNode[]) {
      node.inputs = node.inputs.map((input) => (input === value ? replacement : input));
      this.#consume(replacement, node);
    }
    this.#consumers.delete(value);
  }

  removeNode(node: OnnxNode): void {
    for (const output of node.outputs) this.#producers.delete(output);
    for (const input of node.inputs) this.#consumers.get(input)?.delete(node as EditedNode);
  }

  /** The graph as far as its outputs need it, in an order in which it can run. */
  finish(): OnnxGraph {
    const nodes: OnnxNode[] = [];
    const initializers = new Map<string, OnnxTensor>();
    const given = new Set(this.inputs.map(({ name }) => name));
    const used = new Set<string>();
    const state = new Map<OnnxNode, 'open' | 'done'>();
    const need = (value: string): OnnxNode | undefined => {
      if (value === '') return undefined;
      const tensor = this.initializers.get(value);
      if (tensor !== undefined) initializers.set(value, tensor);
      else if (given.has(value)) used.add(value);
      else {
        const node = this.#producers.get(value);
        if (node === undefined) throw new OnnxPredictError('MODEL_INVALID', `The graph has nothing that makes ${value}.`);
        return node;
      }
      return undefined;
    };
    for (const { name } of this.outputs) {
      const stack = [need(name)].filter((node) => node !== undefined);
      while (stack.length > 0) {
        const node = stack.at(-1)!;
        if (state.get(node) === 'done') {
          stack.pop();
          continue;
        }
        const waiting = node.inputs.map(need).filter((input) => input !== undefined && state.get(input) !== 'done') as OnnxNode[];
        if (waiting.length === 0) {
          state.set(node, 'done');
          nodes.push(node);
          stack.pop();
        } else if (state.get(node) === 'open') throw circle();
        else {
          state.set(node, 'open');
          // One by one: there may be more than fit into a call.
          for (const input of waiting) stack.push(input);
        }
      }
    }
    return { nodes, initializers, inputs: this.inputs.filter(({ name }) => used.has(name)), outputs: this.outputs };
  }

  /** Adds a node as it is. */
  insert(node: OnnxNode): void {
    const edited: EditedNode = { ...node, inputs: [...node.inputs] };
    for (const output of node.outputs) {
      if (output === '') continue;
      if (this.#producers.has(output)) throw new OnnxPredictError('MODEL_INVALID', `The graph makes ${output} twice.`);
      this.#producers.set(output, edited);
    }
    for (const input of node.inputs) if (input !== '') this.#consume(input, edited);
  }

  #consume(value: string, node: EditedNode): void {
    let consumers = this.#consumers.get(value);
    if (consumers === undefined) {
      consumers = new Set();
      this.#consumers.set(value, consumers);
    }
    consumers.add(node);
  }

  #shared(key: string, tensor: OnnxTensor): string {
    const known = this.#constants.get(key);
    if (known !== undefined) return known;
    const name = this.addInitializer(tensor);
    this.#constants.set(key, name);
    return name;
  }
}

/** The value that an Identity, or a chain of them, gives again. */
function followSources(sources: Map<string, string>, value: string): string {
  const passed: string[] = [];
  let at = value;
  for (let source = sources.get(at); source !== undefined; source = sources.get(at)) {
    passed.push(at);
    // It leads back to where it began.
    if (passed.length > sources.size) throw circle();
    at = source;
  }
  for (const name of passed) sources.set(name, at);
  return at;
}

function circle(): OnnxPredictError {
  return new OnnxPredictError('MODEL_INVALID', 'The graph runs in a circle.');
}

function isIdentity({ opType, domain, inputs, outputs }: OnnxNode): boolean {
  // An empty name is no value.
  const isOfOne = inputs.length === 1 && outputs.length === 1 && inputs[0] !== '' && outputs[0] !== '';
  return opType === 'Identity' && domain === '' && isOfOne;
}

/** What a Constant node stands for; undefined for other nodes. */
function constantValue({ opType, outputs, attributes }: OnnxNode): OnnxTensor | undefined {
  if (opType !== 'Constant' || outputs.length !== 1 || attributes.size !== 1) return undefined;
  const [attribute] = attributes.values();
  switch (attribute?.kind) {
    case 'tensor':
      return attribute.value;
    case 'int':
    case 'ints': {
      const { value } = attribute;
      const values = typeof value === 'number' ? [value] : value;
      const dims = typeof value === 'number' ? [] : [values.length];
      return { dataType: INT64, dims, data: new Uint8Array(BigInt64Array.from(values, toInt64).buffer) };
    }
    case 'float':
    case 'floats': {
      const { value } = attribute;
      const values = typeof value === 'number' ? [value] : value;
      const dims = typeof value === 'number' ? [] : [values.length];
      return { dataType: FLOAT, dims, data: new Uint8Array(Float32Array.from(values).buffer) };
    }
    default:
      return undefined;
  }
}
