import type { View } from "./view.ts";

/** Why a write on condition was refused: the key has another version. */
export class VersionMismatchError extends Error {
  /** Always `"VersionMismatchError"`. */
  override readonly name = "VersionMismatchError";
  /** Which key. */
  readonly key: string;
  /** Its version, 0 if it is not there. */
  readonly version: number;

  /** An error with this text. */
  constructor(message: string, { key, version }: { key: string; version: number }) {
    super(message);
    this.key = key;
    this.version = version;
  }
}

/**
 * Compares the version of a key with the one that it is to have, if one is given.
 *
 * @throws {VersionMismatchError} when it has another
 */
export function checkVersion(
  view: View,
  key: string,
  { ifVersion, cannot }: { ifVersion?: number; cannot: string },
): void {
  if (ifVersion === undefined) return;
  const version = view.get(key)?.[1] ?? 0;
  if (version === ifVersion) return;
  throw new VersionMismatchError(
    `${cannot}: its version is ${version}, and it was to be ${ifVersion}`,
    { key, version },
  );
}
