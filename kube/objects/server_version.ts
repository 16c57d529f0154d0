import type { RestClient } from "@cloudydeno/kubernetes-client";

/** Version of an API server. */
export interface ServerVersion {
  /** 1, so far. */
  readonly major: number;
  /** Such as 30 of 1.30. */
  readonly minor: number;
}

/** Asks an API server for its version, which everybody may. */
export async function serverVersion(
  client: RestClient,
  options: { signal?: AbortSignal } = {},
): Promise<ServerVersion> {
  const answer = await client.performRequest({
    method: "GET",
    path: "/version",
    abortSignal: options.signal,
    expectJson: true,
  }) as { major?: unknown; minor?: unknown } | undefined;
  // providers write such as "24+"
  const [major, minor] = [answer?.major, answer?.minor].map((part) => parseInt(String(part)));
  if (!Number.isInteger(major) || !Number.isInteger(minor)) {
    throw new TypeError(`Cannot read the server's version: given ${JSON.stringify(answer)}`);
  }
  return { major: major!, minor: minor! };
}
