/**
 * The rules for names, labels and the like, and what is said when one is broken. A rule gives no
 * complaint for a good value.
 *
 * @module
 */

/** Says what is wrong with a text; empty if it is right. */
export type Rule = (text: string) => string[];

const LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?";
const NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]";
const LABEL_VALUE = `(${NAME_PART})?`;
const CONFIG_KEY = "[-._a-zA-Z0-9]+";

const MAX_LABEL = 63;
const MAX_SUBDOMAIN = 253;
const MAX_PORT_NAME = 15;

interface PatternOptions {
  what: string;
  examples: string[];
  max: number;
}

function pattern(regex: string, { what, examples, max }: PatternOptions): Rule {
  const whole = new RegExp(`^${regex}$`);
  const samples = examples.map((e) => `'${e}'`).join(",  or ");
  return (text) => [
    ...text.length > max ? [`must be no more than ${max} bytes`] : [],
    ...whole.test(text)
      ? []
      : [`${what} (e.g. ${samples}, regex used for validation is '${regex}')`],
  ];
}

/** Most names: `example.com`. */
export const subdomain: Rule = pattern(SUBDOMAIN, {
  what: "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' " +
    "or '.', and must start and end with an alphanumeric character",
  examples: ["example.com"],
  max: MAX_SUBDOMAIN,
});

/** Names of namespaces and containers: `my-name`. */
export const label: Rule = pattern(LABEL, {
  what: "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', " +
    "and must start and end with an alphanumeric character",
  examples: ["my-name", "123-abc"],
  max: MAX_LABEL,
});

/** Names of Services: `my-name`, not starting with a digit. */
export const label1035: Rule = pattern(LABEL_1035, {
  what: "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with " +
    "an alphabetic character, and end with an alphanumeric character",
  examples: ["my-name", "abc-123"],
  max: MAX_LABEL,
});

/** Values of labels. */
export const labelValue: Rule = pattern(LABEL_VALUE, {
  what: "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' " +
    "or '.', and must start and end with an alphanumeric character",
  examples: ["MyValue", "my_value", "12345"],
  max: MAX_LABEL,
});

const namePart: Rule = pattern(NAME_PART, {
  what: "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with " +
    "an alphanumeric character",
  examples: ["MyName", "my.name", "123-abc"],
  max: MAX_LABEL,
});

/** Keys of labels and annotations: a name, with a domain before it if need be. */
export function qualifiedName(text: string): string[] {
  const parts = text.split("/");
  if (parts.length > 2) {
    return [
      "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start " +
      "and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', " +
      `regex used for validation is '${NAME_PART}') with an optional DNS subdomain prefix and ` +
      "'/' (e.g. 'example.com/MyName')",
    ];
  }
  const name = parts.at(-1)!;
  const prefix = parts.length === 2 ? parts[0]! : undefined;
  return [
    ...prefix === "" ? ["prefix part must be non-empty"] : [],
    ...prefix ? subdomain(prefix).map((m) => `prefix part ${m}`) : [],
    ...name === "" ? ["name part must be non-empty"] : [],
    ...namePart(name).map((m) => `name part ${m}`),
  ];
}

/** Names of roles and bindings: whatever can be one part of a path. */
export function pathSegment(text: string): string[] {
  if (text === "." || text === "..") return [`may not be '${text}'`];
  return ["/", "%"].filter((c) => text.includes(c)).map((c) => `may not contain '${c}'`);
}

/** Keys of ConfigMaps and Secrets. */
export function configKey(text: string): string[] {
  if (text === "." || text === "..") return [`must not be '${text}'`];
  if (text.startsWith("..")) return ["must not start with '..'"];
  return pattern(CONFIG_KEY, {
    what: "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    examples: ["key.name", "KEY_NAME", "key-name"],
    max: MAX_SUBDOMAIN,
  })(text);
}

/** Names of environment variables. */
export function environmentName(text: string): string[] {
  if (/^[ -<>-~]+$/.test(text)) return [];
  return [
    "a valid environment variable name must consist only of printable ASCII characters other than '='",
  ];
}

/** Names of ports. */
export function portName(text: string): string[] {
  const out: string[] = [];
  if (text.length > MAX_PORT_NAME) out.push(`must be no more than ${MAX_PORT_NAME} characters`);
  if (!/^[-a-z0-9]+$/i.test(text) || text !== text.toLowerCase()) {
    out.push("must contain only alphanumeric characters (a-z, 0-9), and hyphens (-)");
  }
  if (!/[a-z]/i.test(text)) out.push("must contain at least one letter (a-z)");
  if (text.includes("--")) out.push("must not contain consecutive hyphens");
  if (/^-|-$/.test(text)) out.push("must not begin or end with a hyphen");
  return out;
}

/** Port numbers. */
export function portNumber(port: unknown): string[] {
  const fits = typeof port === "number" && port >= 1 && port <= 65_535;
  return fits ? [] : ["must be between 1 and 65535, inclusive"];
}
