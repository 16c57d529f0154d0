/** Takes requests and answers what a test says; by default, what was sent. */
import type { RestClient } from "@cloudydeno/kubernetes-client";

export interface Request {
  method: string;
  path: string;
  body: unknown;
}

type Options = Parameters<RestClient["performRequest"]>[0];

export class FakeRest implements RestClient {
  readonly requests: Request[] = [];
  answer: (request: Request) => unknown = ({ body }) => body ?? {};

  // deno-lint-ignore no-explicit-any -- one implementation for all overloads
  async performRequest(options: Options): Promise<any> {
    options.abortSignal?.throwIfAborted();
    const { method, path, bodyJson } = options;
    const request = { method, path, body: bodyJson };
    this.requests.push(request);
    await Promise.resolve();
    return withIdentity(this.answer(request), this.requests.length);
  }
}

function withIdentity(answer: unknown, version: number): unknown {
  if (typeof answer !== "object" || answer === null) return answer;
  const metadata = { uid: `uid-${version}`, ...(answer as { metadata?: object }).metadata };
  return { ...answer, metadata: { ...metadata, resourceVersion: String(version) } };
}
