import type { Operation } from "../operation.ts";

/** An object that does one thing at a time, and what may be asked of it. */
export interface SimulatedObject<State, Input, Output> {
  init: State;
  /** What a client asks next; `seen` is the last that it was told. */
  ask(random: () => number, client: number, seen: Output | undefined): Input;
  /** Does it, and answers. */
  perform(state: State, input: Input): [output: Output, next: State];
}

/** How a history comes to be. */
export interface SimulationOptions {
  random: () => number;
  clients: number;
  operations: number;
  /** The share of operations whose answer is lost; half of them have no effect. @default 0 */
  lost?: number;
}

/** Does it at one instant between call and return: the history is linearizable. */
export function simulateHistory<State, Input, Output>(
  object: SimulatedObject<State, Input, Output>,
  options: SimulationOptions,
): Operation<Input, Output>[] {
  const { random, clients, operations, lost = 0 } = options;
  const free = Array.from({ length: clients }, (_, client) => ({ client, at: random() }));
  const seen: (Output | undefined)[] = [];
  const history: Operation<Input, Output>[] = [];
  const running: { client: number; call: number; input: Input; point: number; end: number }[] = [];
  let state = object.init;
  /** Lets all happen that happens before that time. */
  const settle = (time: number): void => {
    running.sort((a, b) => a.point - b.point);
    while (running[0] !== undefined && running[0].point < time) {
      const { client, call, input, end } = running.shift()!;
      const isLost = random() < lost;
      const hasEffect = !isLost || random() < 0.5;
      const [output, next] = object.perform(state, input);
      if (hasEffect) state = next;
      if (!isLost) seen[client] = output;
      history.push({
        client: `c${client}`,
        call,
        return: isLost ? Infinity : end,
        input,
        output: isLost ? undefined : output,
      });
    }
  };
  for (let count = 0; count < operations; count++) {
    free.sort((a, b) => a.at - b.at);
    const next = free[0]!;
    settle(next.at);
    const call = next.at;
    const end = call + random() * 10;
    const point = call + random() * (end - call);
    running.push({
      client: next.client,
      call,
      input: object.ask(random, next.client, seen[next.client]),
      point,
      end,
    });
    next.at = end + random() * 3;
  }
  settle(Infinity);
  return history;
}
