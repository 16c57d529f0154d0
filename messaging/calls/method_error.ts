import type {
  Contract,
  ErrorCodeOf,
  ErrorDataOf,
  Schema,
  Spec,
  Specs,
} from "../contract/contract.ts";
import { quote } from "../../runtime/mod.ts";
import { MethodError } from "../errors.ts";
import { checkJson } from "./check_json.ts";
import { oneLine } from "./implementation.ts";

/** What a method's own error is made with: as it is before the caller's schema has parsed it. */
export type ErrorInputOf<S extends Specs, M extends keyof S, C extends string> = S[M] extends
  { errors: infer E }
  ? C extends keyof E ? E[C] extends Schema ? E[C]["_zod"]["input"] : never : never
  : never;

/** The schema of an error's data, if the contract names that error. */
export function errorSchema(specs: Specs, method: string, code: string): Schema | undefined {
  const spec: Spec | undefined = Object.hasOwn(specs, method) ? specs[method] : undefined;
  const errors = spec !== undefined && "errors" in spec ? spec.errors : undefined;
  return errors !== undefined && Object.hasOwn(errors, code) ? errors[code] : undefined;
}

/**
 * An error that the contract names, for a handler to throw: its caller catches it as it is.
 *
 * @param message what a person reads of it; its code, by default
 * @throws {TypeError} for an error that the contract does not name, or data that does not fit
 *
 * @example
 * ```ts
 * import { contract, isMethodError, methodError } from "@troupe/troupe";
 * import { z } from "zod";
 *
 * const shop = contract("shop", {
 *   buy: { input: z.string(), errors: { soldOut: z.object({ until: z.string() }) } },
 * });
 * const error: unknown = methodError(shop, "buy", "soldOut", { until: "Monday" });
 * if (isMethodError(error, shop, "buy", "soldOut")) console.log(error.data.until);
 * ```
 */
export function methodError<
  S extends Specs,
  M extends keyof S & string,
  const C extends ErrorCodeOf<S, M> & string,
>(
  contract: Contract<S>,
  method: M,
  code: C,
  data: ErrorInputOf<S, M, C>,
  message: string = code,
): MethodError {
  const purpose = `Cannot make error ${quote(code)} of method ${quote(method)}`;
  const schema = errorSchema(contract.specs, method, code);
  if (schema === undefined) {
    throw new TypeError(`${purpose}: contract ${quote(contract.name)} does not name it`);
  }
  const parsed = schema.safeParse(data);
  if (!parsed.success) {
    throw new TypeError(`${purpose}: its data does not fit: ${oneLine(parsed.error)}`);
  }
  checkJson(data, purpose, "data");
  return new MethodError(message, { contract: contract.name, method, code, data });
}

/** Whether something that was caught is that error of that method, and with what data. */
export function isMethodError<
  S extends Specs,
  M extends keyof S & string,
  const C extends ErrorCodeOf<S, M> & string,
>(
  error: unknown,
  contract: Contract<S>,
  method: M,
  code: C,
): error is MethodError & { readonly data: ErrorDataOf<S, M, C> } {
  return error instanceof MethodError && error.contract === contract.name &&
    error.method === method && error.code === code;
}
