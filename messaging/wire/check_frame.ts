/**
 * What each frame must look like. Checked by hand, as every frame passes here: zod takes two to six
 * times as long, nearly as long as parsing the JSON. Fields that are not known are left alone, so that later versions may
 * add some.
 */
import type { FailureKind, Json, WireFrame } from "./frame.ts";
import { WireError } from "./wire_error.ts";

/** Which frames are heard: those of a caller, of a worker, or of both, of workers among each other. */
export type Hears = "caller" | "callee" | "both";

type Check = (value: unknown) => boolean;

interface Field {
  readonly name: string;
  readonly check: Check;
  readonly allowed: string;
  readonly optional: boolean;
}

interface Shape {
  readonly saidBy: "caller" | "callee" | "both";
  readonly fields: readonly Field[];
}

const MAX_NAME = 128;
const FAILURES: ReadonlySet<unknown> = new Set<FailureKind>([
  "method",
  "handler",
  "incompatible",
  "overloaded",
  "draining",
  "canceled",
  "timedOut",
  "lost",
]);
const BYES: ReadonlySet<unknown> = new Set([
  "stopping",
  "deposed",
  "replaced",
  "limit",
  "protocol",
]);

const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText: Check = (value) => typeof value === "string";
const isName: Check = (value) =>
  typeof value === "string" && value.length > 0 && value.length <= MAX_NAME;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function list(of: Check): Check {
  return (value) => Array.isArray(value) && value.every(of);
}

function field(name: string, check: Check, allowed: string, optional = false): Field {
  return { name, check, allowed, optional };
}

const count = (name: string, optional = false) =>
  field(name, isCount, "an integer from 0", optional);
const text = (name: string, optional = false) => field(name, isText, "a text", optional);
const named = (name: string, optional = false) =>
  field(name, isName, `a text of 1 to ${MAX_NAME} characters`, optional);
const anything = (name: string) => field(name, () => true, "a JSON value", true);
const ids = field("ids", list(isCount), "a list of integers from 0");

const isTimeout: Check = (value) => typeof value === "number" && value >= 0;
const isResumed: Check = (value) =>
  isObject(value) && isCount(value.id) && (value.items === undefined || isCount(value.items));
const isRosterEntry: Check = (value) =>
  isObject(value) && isText(value.name) && isText(value.uid) && isText(value.address) &&
  isCount(value.port) && (value.index === undefined || isCount(value.index));

function said(saidBy: Shape["saidBy"], ...fields: Field[]): Shape {
  return { saidBy, fields };
}

const SHAPES: ReadonlyMap<unknown, Shape> = new Map<WireFrame["t"], Shape>([
  [
    "call",
    said(
      "caller",
      count("id"),
      named("method"),
      anything("input"),
      field("timeout", isTimeout, "a number from 0", true),
      count("credit", true),
      named("key", true),
      count("attempt", true),
    ),
  ],
  ["tell", said("caller", named("method"), anything("input"))],
  ["cancel", said("caller", count("id"))],
  ["more", said("caller", count("id"), count("credit"))],
  ["seen", said("caller", ids)],
  [
    "resume",
    said("caller", field("calls", list(isResumed), "a list of { id, items }, integers from 0")),
  ],
  ["heard", said("caller", count("n"))],
  [
    "roster",
    said(
      "caller",
      field("workers", list(isRosterEntry), "a list of { name, uid, index, address, port }"),
    ),
  ],
  ["keys", said("caller", text("jwe"))],
  ["done", said("callee", count("id"), anything("output"))],
  [
    "failed",
    said(
      "callee",
      count("id"),
      field("kind", (value) => FAILURES.has(value), [...FAILURES].join(", ")),
      text("message"),
      named("code", true),
      anything("data"),
    ),
  ],
  ["item", said("callee", count("id"), count("n"), anything("item"))],
  ["unknown", said("callee", ids)],
  ["event", said("callee", count("n"), named("event"), anything("data"), count("lost", true))],
  ["drain", said("callee")],
  ["keyed", said("callee", named("kid"))],
  ["ping", said("both", count("n"))],
  ["pong", said("both", count("n"))],
  [
    "bye",
    said("both", field("code", (value) => BYES.has(value), [...BYES].join(", ")), text("message")),
  ],
  [
    "part",
    said(
      "both",
      count("of"),
      text("text"),
      field("last", (value) => value === true, "true", true),
    ),
  ],
]);

/**
 * Says that a value is a frame of that direction.
 *
 * @throws {WireError} with the code `protocol`, naming the frame and the field
 */
export function checkFrame(value: Json, hears: Hears): asserts value is Json & WireFrame {
  if (!isObject(value)) throw new WireError("protocol", "a frame is no object");
  const shape = SHAPES.get(value.t);
  if (!shape) throw new WireError("protocol", `a frame has the unknown type ${told(value.t)}`);
  const { saidBy, fields } = shape;
  if (saidBy !== hears && saidBy !== "both" && hears !== "both") {
    throw new WireError("protocol", `a frame "${value.t}" is not for this side to hear`);
  }
  for (const { name, check, allowed, optional } of fields) {
    const given = value[name];
    if (given === undefined ? !optional : !check(given)) {
      throw new WireError(
        "protocol",
        `"${name}" of a frame "${value.t}" is wrong, allowed is ${allowed}`,
      );
    }
  }
}

/** A type as a message quotes it. */
function told(type: unknown): string {
  return typeof type === "string" ? JSON.stringify(type.slice(0, 20)) : `of type ${typeof type}`;
}
