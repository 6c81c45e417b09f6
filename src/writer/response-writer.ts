/**
 * Writes the data of a response as bytes: the same bytes that graphql-js and JSON.stringify would produce. It calls the
 * resolvers of the graph, except for counters, which it copies from the reading.
 */
import {
  defaultTypeResolver,
  GraphQLError,
  isObjectType,
  type GraphQLAbstractType,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
} from 'graphql';
import { isMoment } from '../graph/extension.ts';
import type { SlicedWork, TimeSlice } from '../sampling/schedule/time-slice.ts';
import { ConstantBytes, type ByteSink } from './byte-sink.ts';
import { CounterRun, nullBytes } from './counter-run.ts';
import { longestDecimal, writeDecimal } from './decimal.ts';
import { errorAt } from './error-at.ts';
import type { Completion, PreparedField, PreparedSet } from './prepared-set.ts';

/** Thrown for values that only graphql-js can handle, such as a promise. */
class UnsupportedByWriter extends Error {}
/** One instance for all: its stack is never used. */
const unsupportedByWriter = new UnsupportedByWriter();

/** Where a value stands in the response: its first byte and the one after its last. */
export interface WrittenPlace {
  readonly start: number;
  readonly end: number;
}

/** Notes where in a response a snapshot's numbers and its time are written. */
export interface ResponseRecorder {
  recordSet(set: PreparedSet, value: unknown, place: WrittenPlace): void;
  recordMoment(serializeMoment: (wallMilliseconds: number) => unknown, place: WrittenPlace): void;
}

/** Writes one response. Errors, their paths and the values that they set to null are those of graphql-js. */
export class ResponseWriter {
  readonly errors: GraphQLError[] = [];
  readonly #sink: ByteSink;
  readonly #context: unknown;
  /** The response path of the current field. */
  readonly #path: (string | number)[] = [];

  readonly #recorder: ResponseRecorder | null;

  constructor(sink: ByteSink, context: unknown, recorder: ResponseRecorder | null = null) {
    this.#sink = sink;
    this.#context = context;
    this.#recorder = recorder;
  }

  /** Writes an object. Throws, and leaves partial output in the sink, if a non-null field is null. */
  writeSet(set: PreparedSet, source: unknown): void {
    const { items } = set;
    for (let n = 0; n < items.length; n += 1) {
      const item = items[n];
      if (item === undefined) break;
      if (!(item instanceof CounterRun)) this.#writeField(item, source);
      else if (!item.write(source, this.#sink)) {
        for (const field of item.fields) this.#writeField(field, source);
      }
    }
    this.#sink.constant(items.length === 0 ? emptyObject : objectEnd);
  }

  /** Writes an object like `writeSet`, and lets other work run in between. */
  *writeSetInSlices(set: PreparedSet, source: unknown, slice: TimeSlice): SlicedWork<void> {
    const { items } = set;
    for (const item of items) {
      if (item instanceof CounterRun) {
        if (item.write(source, this.#sink)) continue;
        for (const field of item.fields) this.#writeField(field, source);
      } else if (item.selected.isLeaf) this.#writeField(item, source);
      else {
        yield* this.#writeFieldInSlices(item, source, slice);
        if (slice.isOver) yield* slice.pause();
      }
    }
    this.#sink.constant(items.length === 0 ? emptyObject : objectEnd);
  }

  /** The field error that leaves the response without data; null for any other thrown value. */
  errorOf(thrown: unknown): GraphQLError | null {
    return thrown instanceof GraphQLError && thrown.path !== undefined ? thrown : null;
  }

  #writeField(field: PreparedField, source: unknown): void {
    const path = this.#path;
    const depth = path.push(field.name);
    this.#sink.constant(field.key);
    const start = this.#sink.length;
    try {
      const { selected, info } = field;
      const args = selected.args ?? selected.rethrowArguments();
      this.#complete(field, field.completion, field.resolve(source, args, this.#context, info));
    } catch (thrown) {
      this.#fail(thrown, { field, start, depth, isNonNull: field.isNonNull });
    }
    path.pop();
  }

  *#writeFieldInSlices(field: PreparedField, source: unknown, slice: TimeSlice): SlicedWork<void> {
    const path = this.#path;
    const depth = path.push(field.name);
    this.#sink.constant(field.key);
    const start = this.#sink.length;
    try {
      const { selected, info } = field;
      const args = selected.args ?? selected.rethrowArguments();
      const value = field.resolve(source, args, this.#context, info);
      yield* this.#completeInSlices(field, { completion: field.completion, value, slice });
    } catch (thrown) {
      this.#fail(thrown, { field, start, depth, isNonNull: field.isNonNull });
    }
    path.pop();
  }

  /** Replaces a failed value with null, or rethrows to the parent if the value must not be null. */
  #fail(
    thrown: unknown,
    place: { field: PreparedField; start: number; depth: number; isNonNull: boolean },
  ): void {
    if (thrown instanceof UnsupportedByWriter) throw thrown;
    this.#path.length = place.depth;
    const error = errorAt(thrown, { nodes: place.field.selected.nodes, path: [...this.#path] });
    if (place.isNonNull) throw error;
    this.errors.push(error);
    this.#sink.length = place.start;
    this.#sink.constant(nullBytes);
  }

  /** Writes a value. Returns false if it wrote null. */
  #complete(field: PreparedField, completion: Completion, value: unknown): boolean {
    if (typeof value === 'object') {
      if (value instanceof Error) throw value;
      if (value instanceof Promise) throw unsupportedByWriter;
    }
    if (completion.kind === 'nonNull') {
      if (this.#complete(field, completion.of, value)) return true;
      const { parentType, fieldName } = field.info;
      throw new Error(`Cannot return null for non-nullable field ${parentType.name}.${fieldName}.`);
    }
    if (value === null || value === undefined) {
      this.#sink.constant(nullBytes);
      return false;
    }
    const start = this.#sink.length;
    switch (completion.kind) {
      case 'leaf':
        this.#writeLeaf(completion.type.serialize(value));
        if (this.#recorder !== null && isMoment(field.selected.definition)) {
          const { type } = completion;
          this.#recorder.recordMoment((moment) => type.serialize(moment), { start, end: this.#sink.length });
        }
        return true;
      case 'list':
        this.#writeList(field, completion.of, value);
        return true;
      case 'object':
        this.#writeObject(field, completion.type, value);
        return true;
      case 'abstract':
        this.#writeObject(field, this.#typeOf(completion.type, value, field.info), value);
        return true;
    }
  }

  /** Completes a value like `#complete`, to which it leaves values without objects. */
  *#completeInSlices(
    field: PreparedField,
    { completion, value, slice }: { completion: Completion; value: unknown; slice: TimeSlice },
  ): SlicedWork<void> {
    const inner = completion.kind === 'nonNull' ? completion.of : completion;
    const isThere = typeof value === 'object' && value !== null;
    if (!isThere || value instanceof Error || value instanceof Promise) {
      this.#complete(field, completion, value);
    } else if (inner.kind === 'list') {
      yield* this.#writeListInSlices(field, { completion: inner.of, items: value, slice });
    } else if (inner.kind === 'object' || inner.kind === 'abstract') {
      const type = inner.kind === 'object' ? inner.type : this.#typeOf(inner.type, value, field.info);
      const set = this.#setFor(field, type, value);
      const start = this.#sink.length;
      yield* this.writeSetInSlices(set, value, slice);
      this.#recorder?.recordSet(set, value, { start, end: this.#sink.length });
    } else this.#complete(field, completion, value);
  }

  #writeLeaf(value: unknown): void {
    switch (typeof value) {
      case 'string':
        this.#sink.jsonString(value);
        return;
      case 'boolean':
        this.#sink.constant(value ? trueBytes : falseBytes);
        return;
      case 'number':
        this.#writeNumber(value);
        return;
      default:
        throw unsupportedByWriter;
    }
  }

  #writeNumber(value: number): void {
    const sink = this.#sink;
    // The unsigned shift is exact only for 32-bit numbers.
    if (value >>> 0 !== value || Object.is(value, -0)) {
      sink.ascii(JSON.stringify(value));
      return;
    }
    sink.reserve(longestDecimal);
    sink.length = writeDecimal(sink.view, sink.length, 0, value);
  }

  #writeList(field: PreparedField, completion: Completion, items: unknown): void {
    if (!Array.isArray(items)) throw unsupportedByWriter;
    const path = this.#path;
    const isNonNull = completion.kind === 'nonNull';
    for (let n = 0; n < items.length; n += 1) {
      const depth = path.push(n);
      this.#sink.constant(n === 0 ? listStart : comma);
      const start = this.#sink.length;
      try {
        this.#complete(field, completion, items[n]);
      } catch (thrown) {
        this.#fail(thrown, { field, start, depth, isNonNull });
      }
      path.pop();
    }
    this.#sink.constant(items.length === 0 ? emptyList : listEnd);
  }

  *#writeListInSlices(
    field: PreparedField,
    { completion, items, slice }: { completion: Completion; items: unknown; slice: TimeSlice },
  ): SlicedWork<void> {
    if (!Array.isArray(items)) throw unsupportedByWriter;
    const path = this.#path;
    const isNonNull = completion.kind === 'nonNull';
    for (let n = 0; n < items.length; n += 1) {
      const depth = path.push(n);
      this.#sink.constant(n === 0 ? listStart : comma);
      const start = this.#sink.length;
      try {
        yield* this.#completeInSlices(field, { completion, value: items[n], slice });
      } catch (thrown) {
        this.#fail(thrown, { field, start, depth, isNonNull });
      }
      path.pop();
      if (slice.isOver) yield* slice.pause();
    }
    this.#sink.constant(items.length === 0 ? emptyList : listEnd);
  }

  #setFor(field: PreparedField, type: GraphQLObjectType, value: unknown): PreparedSet {
    if (type.isTypeOf != null && type.isTypeOf(value, this.#context, field.info) !== true)
      throw unsupportedByWriter;
    return field.setOf(type);
  }

  #writeObject(field: PreparedField, type: GraphQLObjectType, value: unknown): void {
    const set = this.#setFor(field, type, value);
    const start = this.#sink.length;
    this.writeSet(set, value);
    this.#recorder?.recordSet(set, value, { start, end: this.#sink.length });
  }

  #typeOf(type: GraphQLAbstractType, value: unknown, info: GraphQLResolveInfo): GraphQLObjectType {
    const resolve = type.resolveType ?? defaultTypeResolver;
    const name = resolve(value, this.#context, info, type);
    const found = typeof name === 'string' ? info.schema.getType(name) : undefined;
    if (isObjectType(found) && info.schema.isSubType(type, found)) return found;
    throw unsupportedByWriter;
  }
}

const emptyObject = new ConstantBytes('{}');
const objectEnd = new ConstantBytes('}');
const emptyList = new ConstantBytes('[]');
const listStart = new ConstantBytes('[');
const listEnd = new ConstantBytes(']');
const comma = new ConstantBytes(',');
const trueBytes = new ConstantBytes('true');
const falseBytes = new ConstantBytes('false');
