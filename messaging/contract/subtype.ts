/**
 * Whether all values of one JSON Schema fit another one.
 *
 * It is careful: what it says fits does fit, except for what the reader checks as it comes anyhow:
 * bounds, formats and patterns; fields that a sender's schema does not name; and the names of a
 * record's fields. What it cannot prove does not fit, such as a field of a union's type where a union
 * of objects is read.
 *
 * Recursive schemas fit if assuming that they do leads to no contradiction.
 *
 * Source: B. Pierce, "Types and Programming Languages" (2002), chapter 21, on subtyping of recursive
 * types.
 *
 * @module
 */
import { canonicalJson } from "./canonical_json.ts";
import { type ArrayBranch, type Branch, Branches, type ObjectBranch } from "./branches.ts";
import { type JsonSchema, OPTIONAL, type SchemaNode } from "./json_schema.ts";

/** Where two schemas differ, and how. */
export interface Difference {
  /** The field, from the outermost object inwards, such as `address.lines[].text`; empty: the whole. */
  readonly path: string;
  /** What differs, in words in which the one is `sender` and the other is `reader`. */
  tell(sender: string, reader: string): string;
}

/** Values are told of up to so many forms of a union. */
const MAX_FORMS = 4;

/** Why not all values of `written` fit `read`; undefined if they do. */
export function whyNot(written: JsonSchema, read: JsonSchema): Difference | undefined {
  if (written[OPTIONAL] === true && read[OPTIONAL] !== true) {
    return {
      path: "",
      tell: (sender, reader) => `${reader} requires it, and ${sender} may leave it out`,
    };
  }
  return new Comparison(written, read).compare(written, read, "");
}

type Tell = Difference["tell"];

class Comparison {
  readonly #written: Branches;
  readonly #read: Branches;
  /** Pairs that are taken to fit until something speaks against it, in the order of asking. */
  readonly #assumed: [SchemaNode, SchemaNode][] = [];
  readonly #pairs = new Map<SchemaNode, Map<SchemaNode, true | Tell>>();

  constructor(written: JsonSchema, read: JsonSchema) {
    this.#written = new Branches(written);
    this.#read = new Branches(read);
  }

  compare(w: SchemaNode, r: SchemaNode, path: string): Difference | undefined {
    const written = this.#written.resolve(w);
    const read = this.#read.resolve(r);
    const known = this.#pairs.get(written)?.get(read);
    if (known === true) return undefined;
    if (known !== undefined) return { path, tell: known };
    const before = this.#assumed.length;
    this.#assumed.push([written, read]);
    this.#note(written, read, true);
    const difference = this.#unions(written, read, path);
    if (difference === undefined) return undefined;
    // what was found to fit meanwhile may have been so only by this assumption
    for (const [a, b] of this.#assumed.splice(before)) this.#pairs.get(a)?.delete(b);
    const inner = difference.path.slice(path.length);
    this.#note(
      written,
      read,
      inner === ""
        ? difference.tell
        : (sender, reader) => `in "${inner.replace(/^\./, "")}" ${difference.tell(sender, reader)}`,
    );
    return difference;
  }

  #note(written: SchemaNode, read: SchemaNode, verdict: true | Tell): void {
    const of = this.#pairs.get(written) ?? new Map<SchemaNode, true | Tell>();
    this.#pairs.set(written, of.set(read, verdict));
  }

  #unions(written: SchemaNode, read: SchemaNode, path: string): Difference | undefined {
    const takes = this.#read.of(read);
    for (const form of this.#written.of(written)) {
      const differences: Difference[] = [];
      const fits = takes.some((taken) => {
        const difference = this.#forms(form, taken, path);
        if (difference !== undefined && this.#isMeant(form, taken)) differences.push(difference);
        return difference === undefined;
      });
      if (fits) continue;
      // of objects or lists, the one that fits furthest was meant
      const [nearest] = differences.sort((a, b) => b.path.length - a.path.length);
      return nearest ?? differ(path, form, takes);
    }
    return undefined;
  }

  /** Whether an alternative is the one for such objects or lists: by its constant fields, if it has any. */
  #isMeant(written: Branch, read: Branch): boolean {
    if (written.kind === "array") return read.kind === "array";
    if (written.kind !== "object" || read.kind !== "object") return false;
    return [...read.properties].every(([key, node]) => {
      const sent = written.properties.get(key);
      if (sent === undefined) return true;
      const [from, to] = [this.#written.of(sent), this.#read.of(node)];
      const [constant] = from;
      if (from.length !== 1 || constant?.kind !== "const") return true;
      return !to.every(({ kind }) => kind === "const") || to.some((one) => isWithin(constant, one));
    });
  }

  #forms(written: Branch, read: Branch, path: string): Difference | undefined {
    if (read.kind === "any") return undefined;
    if (written.kind === "object" && read.kind === "object") {
      return this.#objects(written, read, path);
    }
    if (written.kind === "array" && read.kind === "array") return this.#arrays(written, read, path);
    return isWithin(written, read) ? undefined : differ(path, written, [read]);
  }

  #objects(written: ObjectBranch, read: ObjectBranch, path: string): Difference | undefined {
    for (const key of read.required) {
      if (written.required.has(key)) continue;
      const tell: Tell = written.properties.has(key)
        ? (sender, reader) => `${reader} requires it, and ${sender} may leave it out`
        : (sender, reader) => `${reader} requires it, and ${sender} does not send it`;
      return { path: join(path, key), tell };
    }
    for (const [key, node] of written.properties) {
      const target = read.properties.get(key) ?? read.rest;
      if (target === undefined) continue; // which is left out as it is read
      if (target === false && this.#written.of(node).length > 0) {
        return unknownField(join(path, key));
      }
      const difference = this.compare(node, target, join(path, key));
      if (difference !== undefined) return difference;
    }
    return this.#otherFields(written, read, path);
  }

  #otherFields(written: ObjectBranch, read: ObjectBranch, path: string): Difference | undefined {
    const { rest } = written;
    if (rest === undefined || rest === false) return undefined;
    if (read.rest === false) return unknownField(join(path, "*"));
    for (const [key, node] of written.loose ? [] : read.properties) {
      if (written.properties.has(key)) continue;
      const difference = this.compare(rest, node, join(path, key));
      if (difference !== undefined) return difference;
    }
    return read.rest === undefined ? undefined : this.compare(rest, read.rest, join(path, "*"));
  }

  #arrays(written: ArrayBranch, read: ArrayBranch, path: string): Difference | undefined {
    if (written.min < read.min || written.max > read.max) {
      return {
        path,
        tell: (sender, reader) =>
          `${sender} sends ${lengthText(written)}, and ${reader} takes ${lengthText(read)}`,
      };
    }
    const places = Math.min(Math.max(written.prefix.length, read.prefix.length), written.max);
    for (let n = 0; n < places; n++) {
      const [from, to] = [written.prefix[n] ?? written.rest, read.prefix[n] ?? read.rest];
      const difference = this.compare(from, to, `${path}[${n}]`);
      if (difference !== undefined) return difference;
    }
    return written.rest === false ? undefined : this.compare(written.rest, read.rest, `${path}[]`);
  }
}

function isWithin(written: Branch, read: Branch): boolean {
  switch (written.kind) {
    case "const":
      return read.kind === "const"
        ? canonicalJson(written.value) === canonicalJson(read.value)
        : isPlain(read) &&
          typeof written.value === (read.kind === "string" ? "string" : "number") &&
          (read.kind !== "integer" || Number.isInteger(written.value));
    case "opaque":
      return read.kind === "opaque" && written.text === read.text;
    case "integer":
      return read.kind === "integer" || read.kind === "number";
    case "string":
    case "number":
      return read.kind === written.kind;
    default:
      return false;
  }
}

/** Whether a form has no parts, and may be a text or a number. */
function isPlain({ kind }: Branch): boolean {
  return kind !== "object" && kind !== "array";
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}

function unknownField(path: string): Difference {
  return {
    path,
    tell: (sender, reader) => `${sender} sends it, and ${reader} takes no such field`,
  };
}

function differ(path: string, written: Branch, read: readonly Branch[]): Difference {
  return {
    path,
    tell: (sender, reader) =>
      `${sender} sends ${formText(written)}, and ${reader} takes ${formsText(read)}`,
  };
}

function formsText(forms: readonly Branch[]): string {
  const texts = [...new Set(forms.map(formText))];
  const told = texts.slice(0, MAX_FORMS).join(" or ");
  return texts.length === 0 ? "nothing" : texts.length > MAX_FORMS ? `${told} or others` : told;
}

function formText(form: Branch): string {
  switch (form.kind) {
    case "any":
      return "anything";
    case "const":
      return JSON.stringify(form.value);
    case "opaque":
      return `what its schema (${form.text}) takes`;
    case "integer":
    case "array":
    case "object":
      return `an ${form.kind}`;
    default:
      return `a ${form.kind}`;
  }
}

function lengthText({ min, max }: ArrayBranch): string {
  if (min === max) return `${min} items`;
  return max === Infinity ? `${min} or more items` : `${min} to ${max} items`;
}
