/**
 * Single objects of any kind: reads, and writes that can be fenced; and what can be told of them.
 *
 * @module
 */
export {
  type CallOptions,
  type MergePatch,
  ObjectApi,
  type ObjectDeleteOptions,
  type ObjectWriteOptions,
} from "./object_api.ts";
export { billionths } from "./quantity.ts";
export { isOlder } from "./is_older.ts";
export { type ServerVersion, serverVersion } from "./server_version.ts";
