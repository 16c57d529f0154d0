/** Workers in processes of their own that implement `talk`, and who asks them. */
import {
  type CallerChannel,
  type Contract,
  dialMessages,
  Group,
  KeyRing,
  Link,
  LinkedMember,
  negotiationOf,
  newKey,
} from "../mod.ts";
import { KEYS_VARIABLE, talk } from "./talk.ts";

/** A worker's process. */
export interface Talker extends AsyncDisposable {
  readonly port: number;
  /** Sends a signal to it. */
  signal(name: Deno.Signal): void;
}

/** What a program of this folder is started with. */
export function program(file: string, keys: string, ...args: string[]): Deno.Command {
  const script = new URL(file, import.meta.url).href;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-lock", "--no-check", "--quiet", script, ...args],
    env: { [KEYS_VARIABLE]: keys },
    stdin: "piped",
    stdout: "piped",
  });
}

/** Starts a worker's process; it lets in who has the keys. */
export async function startTalker(keys: string): Promise<Talker> {
  const process = program("talk_server.ts", keys).spawn();
  const output = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await output.read();
  return {
    port: Number(value.trim()),
    signal: (name) => process.kill(name),
    async [Symbol.asyncDispose]() {
      process.kill("SIGCONT"); // else it would not see its input's end
      await process.stdin.close();
      await process.status;
      await output.cancel();
    },
  };
}

/** A link to a worker, and the member that follows it; resolves once there is a channel. */
export async function linkTo(
  port: number,
  keys: string,
  { name = "worker", role = "coordinator" as "coordinator" | "worker" } = {},
): Promise<{ link: Link; member: LinkedMember; channel: CallerChannel }> {
  const ring = KeyRing.parse(keys);
  const member = new LinkedMember({ name, uid: name }, { contract: talk.name });
  const ready = Promise.withResolvers<CallerChannel>();
  const link = new Link({
    self: { role, name: `asks ${name}`, instance: crypto.randomUUID() },
    keys: () => ring,
    negotiation: negotiationOf(talk as unknown as Contract),
    dial: (signal) => dialMessages({ address: "127.0.0.1", port }, { signal }),
    onState: (state) => {
      if (!("channel" in state)) return member.follow(state);
      const { caller } = state.channel;
      member.follow({ ...state, channel: caller });
      ready.resolve(caller);
    },
  });
  return { link, member, channel: await ready.promise };
}

/** Workers, and a group of them. */
export interface Talkers extends AsyncDisposable {
  readonly keys: string;
  readonly talkers: readonly Talker[];
  readonly group: Group<typeof talk.specs>;
}

/** Starts so many workers, named `worker-0` and on, and a group that asks them. */
export async function startTalkers(count: number): Promise<Talkers> {
  await using stack = new AsyncDisposableStack();
  const keys = new KeyRing([newKey()]).toText();
  const group = new Group(talk);
  const talkers: Talker[] = [];
  for (let i = 0; i < count; i++) {
    const talker = stack.use(await startTalker(keys));
    talkers.push(talker);
    const { link, member } = await linkTo(talker.port, keys, { name: `worker-${i}` });
    stack.use(link);
    group.add(member);
  }
  const moved = stack.move();
  return { keys, talkers, group, [Symbol.asyncDispose]: () => moved.disposeAsync() };
}
