import type {
  Contract,
  EventName,
  MethodName,
  ParsedInputOf,
  ReturnOf,
  Schema,
  Spec,
  Specs,
  StreamName,
  ToldOf,
  YieldOf,
} from "../contract/contract.ts";
import { isContract } from "../contract/contract.ts";
import { asError, quote } from "../../runtime/mod.ts";
import { MethodError } from "../errors.ts";
import type { Peer } from "../session/channel.ts";
import type { Json } from "../wire/frame.ts";
import { checkJson } from "./check_json.ts";
import { CallFailure } from "./failures.ts";

/** What a handler knows of the call beside its input. */
export interface HandlerContext<S extends Specs = Specs> {
  /** Aborts when nobody waits for the answer any more: canceled, out of time, or the worker stops. */
  readonly signal: AbortSignal;
  /** The method's name. */
  readonly method: string;
  /** Who asks. */
  readonly caller: Peer;
  /** Which attempt it is, 1 being the first; more only of calls that are tried again. */
  readonly attempt: number;
  /** Tells an event to the coordinator. */
  emit<E extends EventName<S>>(event: E, data: ToldOf<S, E>): void;
}

/** A contract's handlers: one for each method and each stream. */
export type Handlers<S extends Specs> =
  & {
    [M in MethodName<S>]: (
      input: ParsedInputOf<S, M>,
      context: HandlerContext<S>,
    ) => ReturnOf<S, M> | Promise<ReturnOf<S, M>>;
  }
  & {
    [M in StreamName<S>]: (
      input: ParsedInputOf<S, M>,
      context: HandlerContext<S>,
    ) => AsyncIterable<YieldOf<S, M>> | Iterable<YieldOf<S, M>>;
  };

/** What a {@linkcode Callee} gives with a call. */
export type CallContext = Omit<HandlerContext, "emit">;

/** Emits an event that has been checked. */
export type Emit = (event: string, data: Json | undefined) => void;

/** A contract's methods over JSON, whatever its types. */
export interface Implementation {
  /** The contract's name. */
  readonly contract: string;
  /** What a name stands for, if for anything. */
  kind(method: string): "method" | "stream" | undefined;
  /** Runs a method. It rejects with `CallFailure`, an error of the contract, or whatever was thrown. */
  call(
    method: string,
    input: Json | undefined,
    context: CallContext,
    emit: Emit,
  ): Promise<Json | undefined>;
  /** Begins a stream; it fails as `call` does, with its first item or later. */
  stream(
    method: string,
    input: Json | undefined,
    context: CallContext,
    emit: Emit,
  ): AsyncIterator<Json | undefined>;
  /**
   * Checks an event.
   *
   * @throws {TypeError} for an event that the contract does not name, or data that does not fit
   */
  event(event: string, data: unknown): Json | undefined;
}

type AnyHandler = (input: unknown, context: HandlerContext) => unknown;

/**
 * Handlers as a {@linkcode Callee} calls them: inputs, outputs and items are checked by the contract's
 * schemas, and errors that it names are told from others.
 *
 * @throws {TypeError} naming a handler that is missing, or that the contract does not name
 */
export function implementation<S extends Specs>(
  contract: Contract<S>,
  handlers: Handlers<S>,
): Implementation {
  if (!isContract(contract)) {
    throw new TypeError(
      `Cannot implement a contract: given ${quote(contract)}, allowed is what contract() returns`,
    );
  }
  const { name, specs } = contract;
  const byName = new Map<string, AnyHandler>();
  const purpose = `Cannot implement contract ${quote(name)}`;
  if (typeof handlers !== "object" || handlers === null) {
    throw new TypeError(`${purpose}: "handlers" is no object, with a function for each method`);
  }
  for (const [method, spec] of Object.entries(specs)) {
    if ("event" in spec) continue;
    const handler = (handlers as Record<string, unknown>)[method];
    if (typeof handler !== "function") {
      throw new TypeError(`${purpose}: ${quote(method)} has no handler`);
    }
    byName.set(method, (input, context) => handler.call(handlers, input, context));
  }
  for (const given of Object.keys(handlers)) {
    if (!byName.has(given)) {
      throw new TypeError(`${purpose}: it has no method ${quote(given)} to be handled`);
    }
  }
  return new Checked(contract as unknown as Contract, byName);
}

class Checked implements Implementation {
  readonly contract: string;
  readonly #specs: Specs;
  readonly #handlers: ReadonlyMap<string, AnyHandler>;

  constructor({ name, specs }: Contract, handlers: ReadonlyMap<string, AnyHandler>) {
    this.contract = name;
    this.#specs = specs;
    this.#handlers = handlers;
  }

  kind(method: string): "method" | "stream" | undefined {
    if (!this.#handlers.has(method)) return undefined;
    return "stream" in this.#spec(method) ? "stream" : "method";
  }

  async call(
    method: string,
    input: Json | undefined,
    context: CallContext,
    emit: Emit,
  ): Promise<Json | undefined> {
    const spec = this.#spec(method);
    try {
      const output = await this.#run(method, input, context, emit);
      const schema = "output" in spec ? spec.output : undefined;
      if (schema === undefined) return undefined;
      return this.#parse(schema, output, `Cannot answer ${quote(method)}`, "output");
    } catch (e) {
      throw this.#checkedError(e, method);
    }
  }

  stream(
    method: string,
    input: Json | undefined,
    context: CallContext,
    emit: Emit,
  ): AsyncIterator<Json | undefined> {
    const { stream: schema } = this.#spec(method) as { stream: Schema };
    const purpose = `Cannot answer ${quote(method)}`;
    let items: AsyncIterator<unknown> | Iterator<unknown> | undefined;
    // no generator, as that would not hand on a `return` while it waits for an item
    return {
      next: async () => {
        try {
          items ??= iteratorOf(this.#run(method, input, context, emit));
          const { done, value } = await items.next();
          if (done) return { done, value: undefined };
          return { value: this.#parse(schema, value, purpose, "item") };
        } catch (e) {
          throw this.#checkedError(e, method);
        }
      },
      return: async () => {
        await items?.return?.();
        return { done: true, value: undefined };
      },
    };
  }

  event(event: string, data: unknown): Json | undefined {
    const spec = Object.hasOwn(this.#specs, event) ? this.#specs[event] : undefined;
    const purpose = `Cannot emit ${quote(event)}`;
    if (spec === undefined || !("event" in spec)) {
      throw new TypeError(`${purpose}: contract ${quote(this.contract)} has no such event`);
    }
    return this.#parse(spec.event, data, purpose, "data");
  }

  #run(method: string, input: Json | undefined, context: CallContext, emit: Emit): unknown {
    const { input: schema } = this.#spec(method) as { input: Schema };
    const parsed = schema.safeParse(input);
    if (!parsed.success) {
      throw new CallFailure("incompatible", `its input does not fit: ${oneLine(parsed.error)}`);
    }
    const handler = this.#handlers.get(method) as AnyHandler;
    const tell = (event: string, data: unknown) => emit(event, this.event(event, data));
    return handler(parsed.data, new Context(context, tell));
  }

  #spec(method: string): Spec {
    return this.#specs[method] as Spec;
  }

  #parse(schema: Schema, value: unknown, purpose: string, root: string): Json | undefined {
    const parsed = schema.safeParse(value);
    if (!parsed.success) {
      throw new TypeError(`${purpose}: its ${root} does not fit: ${oneLine(parsed.error)}`);
    }
    // what the handler gave, not what came of it: the receiver parses it again
    return checkJson(value, purpose, root);
  }

  /** An error of the method as it crosses the wire, if it is one. */
  #checkedError(thrown: unknown, method: string): unknown {
    if (!(thrown instanceof MethodError)) return thrown;
    if (thrown.contract !== this.contract || thrown.method !== method) return thrown;
    try {
      checkJson(thrown.data, `Cannot fail with ${quote(thrown.code)}`, "data");
    } catch (e) {
      return e;
    }
    return thrown;
  }
}

/** The context of a handler; what it knows of the call is looked up when the handler asks for it. */
class Context implements HandlerContext {
  readonly #call: CallContext;
  readonly emit: HandlerContext["emit"];

  constructor(call: CallContext, emit: HandlerContext["emit"]) {
    this.#call = call;
    this.emit = emit;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  get method(): string {
    return this.#call.method;
  }

  get caller(): Peer {
    return this.#call.caller;
  }

  get attempt(): number {
    return this.#call.attempt;
  }
}

function iteratorOf(given: unknown): AsyncIterator<unknown> | Iterator<unknown> {
  const items = given as Partial<AsyncIterable<unknown> & Iterable<unknown>> | undefined;
  const iterator = items?.[Symbol.asyncIterator]?.() ?? items?.[Symbol.iterator]?.();
  if (iterator === undefined) throw new TypeError("its handler did not return an iterable");
  return iterator;
}

/** What zod says, without the line breaks and the JSON around it. */
export function oneLine(thrown: unknown): string {
  const issues = (thrown as { issues?: { path: PropertyKey[]; message: string }[] }).issues;
  if (!Array.isArray(issues)) return asError(thrown).message;
  return issues.map(({ path, message }) =>
    path.length === 0 ? message : `"${path.map(String).join(".")}": ${message}`
  ).join("; ");
}
