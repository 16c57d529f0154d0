import type { ContractDescriptor, SpecDescriptor } from "./descriptor.ts";
import type { JsonSchema } from "./json_schema.ts";
import { whyNot } from "./subtype.ts";

/** What two sides can say to each other, or why nothing. */
export type Fit =
  | {
    /** Names of the methods and streams that both have. */
    readonly methods: readonly string[];
    /** Names of the events that both have. */
    readonly events: readonly string[];
  }
  | {
    /** The message: what does not fit, and which side must be updated. */
    readonly refused: string;
  };

/** What the sides are called in messages. */
const CALLER = "the caller";
const WORKER = "the worker";

/**
 * Whether what a caller's contract says can be asked of a worker with another one of that name.
 *
 * What only one side has is left out. What both have must fit: all that the one sends, the other takes.
 * So fields may be added: to an input if the caller may leave them out, to an output at will; and a
 * union may become wider where it is read. Bounds, formats and patterns are not compared, as who
 * receives checks them; `subtype.ts` tells what else is not.
 */
export function fit(caller: ContractDescriptor, worker: ContractDescriptor): Fit {
  const purpose = `Cannot use contract "${caller.name}"`;
  if (caller.name !== worker.name) {
    return { refused: `${purpose}: the worker has contract "${worker.name}"` };
  }
  const methods: string[] = [];
  const events: string[] = [];
  for (const [name, asked] of Object.entries(caller.specs)) {
    const offered = Object.hasOwn(worker.specs, name) ? worker.specs[name] : undefined;
    if (offered === undefined) continue;
    const complaint = specComplaint(asked, offered);
    if (complaint !== undefined) {
      const told = `${asked.kind} "${name}"${complaint}`;
      return { refused: `${purpose}: ${told}; ${advice(caller, worker)}` };
    }
    (asked.kind === "event" ? events : methods).push(name);
  }
  return { methods, events };
}

/** How a method, stream or event differs, as the end of a sentence about it. */
function specComplaint(caller: SpecDescriptor, worker: SpecDescriptor): string | undefined {
  if (caller.kind !== worker.kind) {
    return ` is of another kind at ${WORKER}: ${article(worker.kind)}`;
  }
  const output = outputComplaint(caller, worker);
  if (caller.kind === "event" || worker.kind === "event") return output;
  return complaint("input", [CALLER, caller.input], [WORKER, worker.input]) ?? output ??
    errorsComplaint(caller.errors ?? {}, worker.errors ?? {});
}

function outputComplaint(caller: SpecDescriptor, worker: SpecDescriptor): string | undefined {
  if (caller.output === undefined) return undefined; // it does not look at what comes
  const what = caller.kind === "event" ? "data" : caller.kind === "stream" ? "item" : "output";
  // who answers with nothing sends what may be left out
  const sent = worker.output ?? { not: {}, "x-optional": true };
  return complaint(what, [WORKER, sent], [CALLER, caller.output]);
}

/** Of an error that the caller does not know it sees the message only. */
function errorsComplaint(
  caller: Readonly<Record<string, JsonSchema>>,
  worker: Readonly<Record<string, JsonSchema>>,
): string | undefined {
  for (const [code, sent] of Object.entries(worker)) {
    if (!Object.hasOwn(caller, code)) continue;
    const found = complaint(`error "${code}"`, [WORKER, sent], [CALLER, caller[code]!]);
    if (found !== undefined) return found;
  }
  return undefined;
}

type Side = readonly [who: string, schema: JsonSchema];

function complaint(
  what: string,
  [sender, written]: Side,
  [reader, read]: Side,
): string | undefined {
  const difference = whyNot(written, read);
  if (difference === undefined) return undefined;
  const { path } = difference;
  const field = path === "" ? "" : ` field "${path}"`;
  return `, ${what}${field}: ${difference.tell(sender, reader)}`;
}

function advice(caller: ContractDescriptor, worker: ContractDescriptor): string {
  const order = compareVersions(caller.version, worker.version);
  if (order === 0) {
    return `both have version ${caller.version} of it, so one of them was changed without a new version`;
  }
  const versions = `${CALLER} has version ${caller.version} of it, and ${WORKER} ${worker.version}`;
  return `update ${order < 0 ? CALLER : WORKER}: ${versions}`;
}

function compareVersions(a: string, b: string): number {
  const [aMajor = 0, aMinor = 0] = a.split(".").map(Number);
  const [bMajor = 0, bMinor = 0] = b.split(".").map(Number);
  return aMajor - bMajor || aMinor - bMinor;
}

function article(kind: string): string {
  return kind === "event" ? `an ${kind}` : `a ${kind}`;
}
