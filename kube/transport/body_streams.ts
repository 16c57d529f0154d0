/** Bodies that are handed on as they come: chunks are passed, never copied. */
import type { JSONObject } from "@cloudydeno/kubernetes-client";
import { JsonParsingTransformer } from "@cloudydeno/kubernetes-client";
import type { CallScope } from "./call_scope.ts";

/**
 * The chunks of `body`, pulled one by one. Ends the scope with the last of them, and rejects with
 * its reason when it is aborted; what else breaks goes through `toError`.
 */
export function passBody(
  body: ReadableStream<Uint8Array>,
  scope: CallScope,
  toError: (error: unknown) => Error,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const { signal } = scope;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      // Deno's fetch does not always end a body whose client is closed right after the abort
      const end = (): void => {
        controller.error(signal.reason);
        reader.cancel(signal.reason).catch(() => {}); // it has ended, or ends with this
      };
      if (signal.aborted) end(); // just when the headers came
      else signal.addEventListener("abort", end, { once: true });
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch (error) {
        scope.end();
        throw scope.signal.aborted ? scope.signal.reason : toError(error);
      }
      scope.end();
      controller.close();
    },
    cancel(reason) {
      scope.end();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** One JSON object a line, as a watch has them; a line that is none makes the stream fail. */
export function parseJsonLines(body: ReadableStream<Uint8Array>): ReadableStream<JSONObject> {
  return body
    .pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>)
    .pipeThrough(splitLines())
    .pipeThrough(new JsonParsingTransformer());
}

/** A whole body of JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TypeError("what came is no JSON", { cause });
  }
}

function splitLines(): TransformStream<string, string> {
  let open: string[] = [];
  return new TransformStream({
    transform(text, controller) {
      let start = 0;
      for (let end; (end = text.indexOf("\n", start)) >= 0; start = end + 1) {
        open.push(text.slice(start, end));
        const line = open.length === 1 ? open[0]! : open.join("");
        open = [];
        if (line.trim()) controller.enqueue(line);
      }
      if (start < text.length) open.push(text.slice(start));
    },
    flush(controller) {
      if (open.length > 0) controller.enqueue(open.join(""));
    },
  });
}
