/** Values in one chunk of the stream: few enough that making them holds nobody up. */
const CHUNK = 200;

/** Values as lines of JSON; each chunk is made when it is asked for. */
export function ndjson(values: Iterable<unknown>): ReadableStream<Uint8Array> {
  const iterator = values[Symbol.iterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    pull(controller): void {
      let text = "";
      for (let i = 0; i < CHUNK; i++) {
        const { done, value } = iterator.next();
        if (done) {
          if (text !== "") controller.enqueue(encoder.encode(text));
          controller.close();
          return;
        }
        text += `${JSON.stringify(value)}\n`;
      }
      controller.enqueue(encoder.encode(text));
    },
    cancel(): void {
      iterator.return?.();
    },
  }, { highWaterMark: 0 });
}
