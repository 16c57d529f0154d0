/**
 * Finds `metadata.managedFields` in the bytes of a watch event without parsing them: it is
 * half of many objects, comes before spec and status, and nobody who watches needs it.
 *
 * @module
 */

/** Where to cut, so that what is left is still JSON. */
export interface Range {
  /** The first byte to leave out. */
  readonly start: number;
  /** The first byte after that to keep. */
  readonly end: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

const PATH = ["object", "metadata", "managedFields"].map((key) => new TextEncoder().encode(key));

/**
 * The range of `object.metadata.managedFields` in one line of a watch. Undefined when it is
 * not there, or when the line is not written the way API servers do (without any white space):
 * whoever parses the line will see.
 */
export function findManagedFields(line: Uint8Array): Range | undefined {
  let at = 0;
  let key = 0;
  for (const name of PATH) {
    if (line[at] !== OPEN_BRACE) return undefined;
    key = findKey(line, at + 1, name);
    if (key < 0) return undefined;
    at = key + name.length + 3; // two quotes and a colon
  }
  const end = skipValue(line, at);
  if (line[end] === COMMA) return { start: key, end: end + 1 };
  return line[key - 1] === COMMA ? { start: key - 1, end } : { start: key, end };
}

/** Where the key `name` begins, quote included, among those of the object around `at`; or -1. */
function findKey(line: Uint8Array, at: number, name: Uint8Array): number {
  while (line[at] === QUOTE) {
    const end = skipString(line, at);
    if (line[end] !== COLON) return -1;
    if (end - at === name.length + 2 && isAt(line, at + 1, name)) return at;
    at = skipValue(line, end + 1);
    if (line[at] !== COMMA) return -1;
    at++;
  }
  return -1;
}

function isAt(line: Uint8Array, at: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) if (line[at + i] !== name[i]) return false;
  return true;
}

/** The end of the string that begins at `at`. */
function skipString(line: Uint8Array, at: number): number {
  for (let i = at + 1; i < line.length; i++) {
    const byte = line[i];
    if (byte === BACKSLASH) i++;
    else if (byte === QUOTE) return i + 1;
  }
  return line.length;
}

/** The end of the value that begins at `at`. */
function skipValue(line: Uint8Array, at: number): number {
  let depth = 0;
  for (let i = at; i < line.length; i++) {
    const byte = line[i];
    if (byte === QUOTE) {
      i = skipString(line, i) - 1;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (depth === 0) return i;
      depth--;
    } else if (byte === COMMA && depth === 0) {
      return i;
    }
  }
  return line.length;
}
