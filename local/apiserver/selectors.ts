/** Label and field selectors: text from a query into a test of an object. */
import { badRequest } from "./errors.ts";
import type { FieldReader, KindInfo } from "./kinds.ts";
import type { ApiObject } from "./object.ts";

/** Which objects a list or a watch is about. */
export interface Selector {
  /** Whether everything matches. */
  readonly everything: boolean;
  /** The one name that can match, when the field selector asks for metadata.name. */
  readonly name?: string;
  /** The one namespace that can match, when the field selector asks for metadata.namespace. */
  readonly namespace?: string;
  matches(object: ApiObject): boolean;
}

type Test = (object: ApiObject) => boolean;

/** Parses both selectors of a request; throws 400 for what cannot be understood. */
export function parseSelector(kind: KindInfo, query: URLSearchParams): Selector {
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  const tests: Test[] = labels.map(labelTest);
  let name: string | undefined;
  let namespace: string | undefined;
  for (const { field, equal, value } of fields) {
    const read = fieldReader(kind, field);
    tests.push((object) => (read(object) === value) === equal);
    if (equal && field === "metadata.name") name = value;
    if (equal && field === "metadata.namespace") namespace = value;
  }
  return {
    everything: tests.length === 0,
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    matches(object) {
      for (const test of tests) if (!test(object)) return false;
      return true;
    },
  };
}

function fieldReader(kind: KindInfo, field: string): FieldReader {
  if (field === "metadata.name") return (object) => object.metadata.name ?? "";
  if (field === "metadata.namespace" && kind.namespaced) {
    return (object) => object.metadata.namespace ?? "";
  }
  const read = kind.fields[field];
  if (read) return read;
  if (Object.keys(kind.fields).length > 0) throw badRequest(`field label not supported: ${field}`);
  throw badRequest(
    `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

interface FieldRequirement {
  field: string;
  equal: boolean;
  value: string;
}

/** Parses "a=b,c!=d"; backslash escapes comma, equals sign and itself in values. */
export function parseFieldSelector(text: string): FieldRequirement[] {
  if (text === "") return [];
  return splitEscaped(text).filter((term) => term !== "").map((term) => {
    const match = /^((?:[^\\=!]|\\.)*)(!=|==|=)((?:[^\\=,]|\\[\\=,])*)$/.exec(term);
    if (!match) {
      throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    }
    const [, field = "", operator, value = ""] = match;
    return { field, equal: operator !== "!=", value: value.replace(/\\([\\=,])/g, "$1") };
  });
}

function splitEscaped(text: string): string[] {
  const terms: string[] = [];
  let term = "";
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string;
    if (char === "\\") term += char + (text[++i] ?? "");
    else if (char === ",") {
      terms.push(term);
      term = "";
    } else term += char;
  }
  terms.push(term);
  return terms;
}

/** One requirement of a label selector. */
export interface LabelRequirement {
  key: string;
  operator: "in" | "notin" | "exists" | "!exists" | "gt" | "lt";
  values: string[];
}

function labelTest({ key, operator, values }: LabelRequirement): Test {
  return ({ metadata: { labels } }) => {
    const value = labels?.[key];
    switch (operator) {
      case "in":
        return value !== undefined && values.includes(value);
      case "notin":
        return value === undefined || !values.includes(value);
      case "exists":
        return value !== undefined;
      case "!exists":
        return value === undefined;
      case "gt":
        return value !== undefined && Number(value) > Number(values[0]);
      case "lt":
        return value !== undefined && Number(value) < Number(values[0]);
    }
  };
}

const TOKEN = /\s*(!=|==|=|>|<|!|\(|\)|,|[^\s!=<>(),]+)/y;
const KEY =
  /^([a-z0-9A-Z]([-a-z0-9A-Z.]*[a-z0-9A-Z])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$/;

/** Parses "a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1". */
export function parseLabelSelector(text: string): LabelRequirement[] {
  const tokens = tokenize(text);
  const requirements: LabelRequirement[] = [];
  let next = 0;
  const fail = (why: string) =>
    badRequest(`unable to parse requirement: ${why}: invalid selector ${JSON.stringify(text)}`);
  while (next < tokens.length) {
    let token = tokens[next++] as string;
    const negated = token === "!";
    if (negated) token = tokens[next++] ?? "";
    if (!KEY.test(token)) throw fail(`<nil>: Invalid value: ${JSON.stringify(token)}`);
    const key = token;
    const operator = tokens[next];
    if (negated || operator === undefined || operator === ",") {
      requirements.push({ key, operator: negated ? "!exists" : "exists", values: [] });
    } else if (operator === "in" || operator === "notin") {
      next++;
      if (tokens[next++] !== "(") throw fail(`found '${tokens[next - 1] ?? ""}', expected: '('`);
      const values: string[] = [];
      let value = "";
      for (;;) {
        const item = tokens[next++];
        if (item === undefined) throw fail("found '', expected: ',', or ')'");
        if (item === "," || item === ")") {
          values.push(value);
          value = "";
          if (item === ")") break;
        } else value = item;
      }
      requirements.push({ key, operator, values });
    } else {
      next++;
      let value = "";
      if (tokens[next] !== undefined && tokens[next] !== ",") value = tokens[next++] as string;
      requirements.push({ key, operator: comparison(operator, fail), values: [value] });
    }
    for (const value of requirements.at(-1)?.values ?? []) {
      if (value.length > 63 || !VALUE.test(value)) {
        throw fail(`values[0][${key}]: Invalid value: ${JSON.stringify(value)}`);
      }
    }
    if (next >= tokens.length) break;
    if (tokens[next] !== ",") {
      throw fail(`found '${tokens[next]}', expected: ',' or 'end of string'`);
    }
    next++;
  }
  return requirements;
}

function comparison(
  operator: string,
  fail: (why: string) => Error,
): LabelRequirement["operator"] {
  switch (operator) {
    case "=":
    case "==":
      return "in";
    case "!=":
      return "notin";
    case ">":
      return "gt";
    case "<":
      return "lt";
    default:
      throw fail(`found '${operator}', expected: in, notin, =, ==, !=, gt, lt`);
  }
}

function tokenize(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (;;) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (!match) {
      if (text.slice(at).trim() !== "") throw badRequest(`unable to parse requirement: ${text}`);
      return tokens;
    }
    tokens.push(match[1] as string);
  }
}
