/**
 * Kubernetes protobuf bodies into JSON objects, as the typed clients of kubectl send them. Answers
 * are always JSON, which such clients accept beside protobuf.
 */
import { MESSAGES } from "./generated/messages.ts";
import { Reader } from "./reader.ts";

type JsonObject = Record<string, unknown>;

interface Field {
  readonly name: string;
  /** Zero values count. */
  readonly pointer: boolean;
  readonly list: boolean;
  readonly map: boolean;
  readonly inline: boolean;
  /** A letter or a message's name. */
  readonly type: string;
}

const TEXT = new TextDecoder();
/** "k8s" and a zero byte stand before every body. */
const MAGIC = [0x6b, 0x38, 0x73, 0x00];
const layouts = new Map<string, Map<number, Field>>();

/** Decodes a body; throws a RangeError if it is no protobuf of a known kind. */
export function decodeProtobuf(body: Uint8Array): JsonObject {
  if (MAGIC.some((byte, index) => body[index] !== byte)) {
    throw new RangeError("provided data does not appear to be a protobuf message, expected prefix");
  }
  let apiVersion = "";
  let kind = "";
  let raw: Uint8Array = new Uint8Array();
  const envelope = new Reader(body.subarray(MAGIC.length));
  while (!envelope.done) {
    const { number, wire } = envelope.tag();
    if (number === 1) {
      const meta = new Reader(envelope.bytes());
      while (!meta.done) {
        const tag = meta.tag();
        const text = TEXT.decode(meta.bytes());
        if (tag.number === 1) apiVersion = text;
        if (tag.number === 2) kind = text;
      }
    } else if (number === 2) raw = envelope.bytes();
    else envelope.skip(wire);
  }
  const message = messageOf(apiVersion, kind);
  return { kind, apiVersion, ...decodeMessage(raw, message) };
}

function messageOf(apiVersion: string, kind: string): string {
  // DeleteOptions is told with the group of what is deleted.
  if (kind === "DeleteOptions") return "meta/v1.DeleteOptions";
  const [group = "", version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
  const folder = group.split(".")[0] || "core";
  const name = `${folder}/${folder === "policy" ? "v1" : version}.${kind}`;
  if (name in MESSAGES) return name;
  throw new RangeError(`no kind ${JSON.stringify(kind)} is registered for version ${apiVersion}`);
}

function layoutOf(message: string): Map<number, Field> {
  let layout = layouts.get(message);
  if (layout) return layout;
  layout = new Map();
  for (const text of (MESSAGES[message] ?? "").split("|")) {
    const match = /^(\d+) (\S*) ([~*[{]*)(.+)$/.exec(text);
    if (!match) continue;
    const [, number, name = "", marks = "", type = ""] = match;
    layout.set(Number(number), {
      name,
      type,
      pointer: marks.includes("*"),
      list: marks.includes("["),
      map: marks.includes("{"),
      inline: marks.includes("~"),
    });
  }
  layouts.set(message, layout);
  return layout;
}

function decodeMessage(bytes: Uint8Array, message: string): JsonObject {
  const layout = layoutOf(message);
  const result: JsonObject = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    const field = layout.get(number);
    if (!field) {
      reader.skip(wire);
      continue;
    }
    const { name, type } = field;
    if (field.map) {
      const entries = (result[name] ??= {}) as JsonObject;
      const [key, value] = decodeEntry(reader.bytes(), type);
      entries[key] = value;
      continue;
    }
    const value = decodeValue(reader, type);
    if (field.inline) Object.assign(result, value);
    else if (field.list) ((result[name] ??= []) as unknown[]).push(value);
    else if (value !== undefined && (field.pointer || !isZero(value))) result[name] = value;
  }
  return result;
}

function decodeEntry(bytes: Uint8Array, type: string): [string, unknown] {
  const reader = new Reader(bytes);
  let key = "";
  let value: unknown = type === "s" || type === "y" ? "" : {};
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1) key = TEXT.decode(reader.bytes());
    else if (number === 2) value = decodeValue(reader, type);
    else reader.skip(wire);
  }
  return [key, value];
}

function isZero(value: unknown): boolean {
  if (value === "" || value === 0 || value === false) return true;
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    Object.keys(value).length === 0;
}

/** Letters: see `scripts/generate_protobuf_messages.ts`. */
function decodeValue(reader: Reader, type: string): unknown {
  switch (type) {
    case "s":
      return TEXT.decode(reader.bytes());
    case "i":
      return reader.varint();
    case "b":
      return reader.varint() !== 0;
    case "d":
      return reader.double();
    case "y":
      return base64(reader.bytes());
    case "t":
    case "u":
      return decodeTime(reader.bytes(), type === "u");
    case "f":
    case "r":
      return decodeJson(reader.bytes());
    case "q":
      return decodeParts(reader.bytes())[1] ?? "0";
    case "x": {
      const parts = decodeParts(reader.bytes());
      return parts[1] === 1 ? parts[3] ?? "" : parts[2] ?? 0;
    }
    case "w":
      return decodeTexts(reader.bytes());
    case "n":
      return `${Number(decodeParts(reader.bytes())[1] ?? 0) / 1e9}s`;
    default:
      return decodeMessage(reader.bytes(), type);
  }
}

/** A small message of numbers and texts, by field number. */
function decodeParts(bytes: Uint8Array): Record<number, number | string> {
  const parts: Record<number, number | string> = {};
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    parts[number] = wire === 0 ? reader.varint() : TEXT.decode(reader.bytes());
  }
  return parts;
}

/** An empty message is the zero time, which JSON leaves out. */
function decodeTime(bytes: Uint8Array, micro: boolean): string | undefined {
  if (bytes.length === 0) return undefined;
  const { 1: seconds = 0, 2: nanos = 0 } = decodeParts(bytes);
  const text = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (!micro) return `${text}Z`;
  const fraction = String(Math.floor(Number(nanos) / 1000)).padStart(6, "0");
  return `${text}.${fraction}Z`;
}

function decodeJson(bytes: Uint8Array): unknown {
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1) return JSON.parse(TEXT.decode(reader.bytes()));
    reader.skip(wire);
  }
  return undefined;
}

function decodeTexts(bytes: Uint8Array): string[] {
  const texts: string[] = [];
  const reader = new Reader(bytes);
  while (!reader.done) {
    const { number, wire } = reader.tag();
    if (number === 1) texts.push(TEXT.decode(reader.bytes()));
    else reader.skip(wire);
  }
  return texts;
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
