import { createHash } from "node:crypto";
import { z } from "zod";
import { checkOptions } from "../../runtime/mod.ts";
import { canonicalJson } from "./canonical_json.ts";
import type { Contract, Schema, Spec } from "./contract.ts";
import { type JsonSchema, jsonSchemaOf } from "./json_schema.ts";

/** A method, as JSON tells it. */
export interface MethodDescriptor {
  readonly kind: "method";
  readonly input: JsonSchema;
  /** Nothing, if a caller only learns that it has been done. */
  readonly output?: JsonSchema;
  readonly errors?: Readonly<Record<string, JsonSchema>>;
}

/** A method that answers with a sequence, as JSON tells it. */
export interface StreamDescriptor {
  readonly kind: "stream";
  readonly input: JsonSchema;
  /** Each item. */
  readonly output: JsonSchema;
  readonly errors?: Readonly<Record<string, JsonSchema>>;
}

/** Something that a worker tells of itself, as JSON tells it. */
export interface EventDescriptor {
  readonly kind: "event";
  /** What is told. */
  readonly output: JsonSchema;
}

/** Whatever a contract may name, as JSON tells it. */
export type SpecDescriptor = MethodDescriptor | StreamDescriptor | EventDescriptor;

/** A contract, as JSON tells it to who may have another one of that name. */
export interface ContractDescriptor {
  readonly name: string;
  readonly version: string;
  readonly specs: Readonly<Record<string, SpecDescriptor>>;
}

/** Tells a contract as JSON. What JSON Schema cannot tell is marked as opaque; nothing throws. */
export function describeContract({ name, version, specs }: Contract): ContractDescriptor {
  return { name, version, specs: mapValues(specs, describeSpec) };
}

function describeSpec(spec: Spec): SpecDescriptor {
  if ("event" in spec) return { kind: "event", output: jsonSchemaOf(spec.event) };
  const input = jsonSchemaOf(spec.input);
  const errors = spec.errors && { errors: mapValues(spec.errors, jsonSchemaOf) };
  if ("stream" in spec) {
    return { kind: "stream", input, output: jsonSchemaOf(spec.stream), ...errors };
  }
  const output = spec.output && !isNothing(spec.output) && { output: jsonSchemaOf(spec.output) };
  return { kind: "method", input, ...output, ...errors };
}

/** Whether it only takes `undefined`: then a method answers with nothing. */
function isNothing(schema: Schema): boolean {
  const { type } = (schema as unknown as { _zod: { def: { type: string } } })._zod.def;
  return type === "undefined" || type === "void";
}

function mapValues<V, W>(
  from: Readonly<Record<string, V>>,
  change: (value: V) => W,
): Record<string, W> {
  return Object.fromEntries(Object.entries(from).map(([key, value]) => [key, change(value)]));
}

/** Tells contracts apart: SHA-256, in hexadecimal digits, of the descriptor's JSON with sorted keys. */
export function digestOf(descriptor: ContractDescriptor): string {
  return createHash("sha256").update(canonicalJson(descriptor)).digest("hex");
}

const json = z.record(z.string(), z.unknown()).describe("a JSON Schema");
const errors = z.record(z.string(), json).optional();

/** Fields that a later version adds are left out. */
const whole = z.object({
  name: z.string(),
  version: z.string().regex(/^\d{1,6}\.\d{1,6}$/).describe('a text "major.minor" of two numbers'),
  specs: z.record(
    z.string(),
    z.union([
      z.object({ kind: z.literal("method"), input: json, output: json.optional(), errors }),
      z.object({ kind: z.literal("stream"), input: json, output: json, errors }),
      z.object({ kind: z.literal("event"), output: json }),
    ]).describe("a method, a stream or an event, with its schemas"),
  ),
});

/**
 * The descriptor that the other side has sent.
 *
 * @throws {TypeError} naming each bad field
 */
export function parseDescriptor(received: unknown): ContractDescriptor {
  return checkOptions(whole, received, { purpose: "Cannot read the other side's contract" });
}
