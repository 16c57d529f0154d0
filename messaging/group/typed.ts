import { quote } from "../../runtime/mod.ts";
import { checkJson } from "../calls/check_json.ts";
import { oneLine } from "../calls/implementation.ts";
import { errorSchema } from "../calls/method_error.ts";
import type { Contract, Schema, Spec, Specs } from "../contract/contract.ts";
import { IncompatibleError, MethodError } from "../errors.ts";
import type { Json } from "../wire/frame.ts";
import type { WorkerRef } from "./member.ts";

/** What a name of a contract stands for. */
export type SpecKind = "method" | "stream" | "event";

/** A contract's types at run time, on the side that asks. */
export class Typed {
  readonly #name: string;
  readonly #specs: Specs;

  constructor({ name, specs }: Pick<Contract, "name" | "specs">) {
    this.#name = name;
    this.#specs = specs;
  }

  /**
   * Checks that the contract has that, and that the input is JSON; its schema is the worker's business.
   *
   * @throws {TypeError}
   */
  input(kind: SpecKind, method: string, input: unknown): Json | undefined {
    const purpose = `Cannot ask ${quote(method)}`;
    this.spec(kind, method, purpose);
    return checkJson(input, purpose, "input");
  }

  /** As `input`, but also that the schema takes it. */
  fittingInput(method: string, input: unknown): Json | undefined {
    const json = this.input("method", method, input);
    const { input: schema } = this.#specs[method] as { input: Schema };
    const parsed = schema.safeParse(input);
    if (parsed.success) return json;
    throw new TypeError(
      `Cannot ask ${quote(method)}: its input does not fit: ${oneLine(parsed.error)}`,
    );
  }

  /** What the contract says of a name. @throws {TypeError} if it is not of that kind */
  spec(kind: SpecKind, name: string, purpose: string): Spec {
    const spec = Object.hasOwn(this.#specs, name) ? this.#specs[name] : undefined;
    if (spec !== undefined && kindOf(spec) === kind) return spec;
    const contract = `contract ${quote(this.#name)}`;
    if (spec !== undefined) {
      const actual = kindOf(spec);
      const article = actual === "event" ? "an" : "a";
      throw new TypeError(
        `${purpose}: it is ${article} ${actual} of ${contract}, which is for ${USES[actual]}`,
      );
    }
    const names = Object.keys(this.#specs).filter((name) => kindOf(this.#specs[name]!) === kind);
    const known = names.length === 0
      ? "it has none"
      : `it has ${names.map((name) => quote(name)).join(", ")}`;
    throw new TypeError(`${purpose}: ${contract} has no ${kind} of that name, ${known}`);
  }

  /** Whether a method may run again. */
  isIdempotent(method: string): boolean {
    return (this.#specs[method] as { idempotent?: boolean }).idempotent ?? false;
  }

  /** What a worker sent, as the schema parses it. @throws {IncompatibleError} if it does not fit */
  parse(
    schema: Schema | undefined,
    value: unknown,
    { what, method, worker }: { what: string; method: string; worker: WorkerRef },
  ): unknown {
    if (schema === undefined) return undefined;
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw new IncompatibleError(
      `Cannot take the ${what} of ${quote(method)} from worker ${quote(worker.name)}: ` +
        `it does not fit: ${oneLine(parsed.error)}`,
      { method, worker: worker.name },
    );
  }

  /** What a method answered. */
  output(method: string, value: unknown, worker: WorkerRef): unknown {
    const { output } = this.#specs[method] as { output?: Schema };
    return this.parse(output, value, { what: "output", method, worker });
  }

  /** An item of a stream. */
  item(method: string, value: unknown, worker: WorkerRef): unknown {
    const { stream } = this.#specs[method] as { stream?: Schema };
    return this.parse(stream, value, { what: "item", method, worker });
  }

  /** An event's data. */
  heard(event: string, value: unknown, worker: WorkerRef): unknown {
    const { event: schema } = this.#specs[event] as { event?: Schema };
    return this.parse(schema, value, { what: "event", method: event, worker });
  }

  /** What a call rejected with; an error of the method with its data parsed. */
  error(thrown: unknown, worker: WorkerRef): unknown {
    if (!(thrown instanceof MethodError)) return thrown;
    const { message, contract, method, code } = thrown;
    const schema = errorSchema(this.#specs, method, code);
    if (schema === undefined) return thrown; // of a newer contract: told as it came
    try {
      const data = this.parse(schema, thrown.data, { what: `error ${code}`, method, worker });
      return new MethodError(message, { contract, method, code, data });
    } catch (e) {
      return e;
    }
  }
}

/** By which functions of a handle each kind is used. */
const USES: Readonly<Record<SpecKind, string>> = {
  method: "ask(), tell(), map() and the like",
  stream: "stream()",
  event: "on()",
};

function kindOf(spec: Spec): SpecKind {
  if ("event" in spec) return "event";
  return "stream" in spec ? "stream" : "method";
}
