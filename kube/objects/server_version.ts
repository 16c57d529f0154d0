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
  }) as { major?: string; minor?: string; gitVersion?: string } | undefined;
  // providers write minor versions such as "24+", and some builds leave these two empty
  const numbers = [`${answer?.major}.${answer?.minor}`, answer?.gitVersion]
    .map((text) => /^v?(\d+)\.(\d+)/.exec(text ?? ""))
    .find((match) => match !== null);
  if (numbers === undefined) {
    throw new TypeError(`Cannot read the server's version: given ${JSON.stringify(answer)}`);
  }
  return { major: Number(numbers![1]), minor: Number(numbers![2]) };
}
