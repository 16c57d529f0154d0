/** `docs/protocol.md` says what is so. */
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { FakeTime } from "@std/testing/time";
import { MessageReader, READER_LIMITS } from "../wire/message_reader.ts";
import { acceptorClaims, dialerClaims, readHandshake } from "./handshake_messages.ts";
import { KeyRing } from "./key_ring.ts";
import { memorySockets } from "./memory_sockets.ts";
import { MESSAGES_PATH, SUBPROTOCOL } from "./message_socket.ts";
import { decryptKey, digestOfMessage, sign, verify } from "./proofs.ts";
import { methodsOf, testAcceptor, until } from "./testdata/sides.ts";

const page = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));
const [keys, hello, challenge, accepted, prove, proven, welcome, refused, offer, offered] = page
  .matchAll(/```json\n(.*)\n *```/g).map(([, text]) => text!.trim()) as Iterable<string>;

Deno.test("docs/protocol.md shows a handshake that is right in every byte", async () => {
  const key = KeyRing.parse(keys!).current;
  strictEqual(key.kid, "example");
  const claims = JSON.parse(accepted!);
  strictEqual(claims.hello, await digestOfMessage(hello!));
  const { proof } = readHandshake(challenge!, "challenge");
  strictEqual(proof, await sign(claims, key));
  deepStrictEqual(await verify(proof, key, acceptorClaims), claims);

  const answer = JSON.parse(proven!);
  strictEqual(answer.challenge, await digestOfMessage(challenge!));
  const { proof: second } = readHandshake(prove!, "prove");
  strictEqual(second, await sign(answer, key));
  deepStrictEqual(await verify(second, key, dialerClaims), answer);
  strictEqual(readHandshake(welcome!, "welcome").t, "welcome");
  strictEqual(readHandshake(refused!, "refused").code, "incompatible");

  const [frame] = new MessageReader("caller").read(`[${offer}]`, 0);
  ok(frame?.t === "keys");
  const set = JSON.parse(offered!);
  strictEqual(set.nonce, claims.nonce);
  deepStrictEqual(await decryptKey(frame.jwe, claims.nonce, key), KeyRing.parse(offered!).current);
});

Deno.test("docs/protocol.md shows a hello that an acceptor takes", async () => {
  using _time = new FakeTime();
  const own = methodsOf("greet");
  const { contract } = JSON.parse(hello!);
  const ring = KeyRing.parse(keys!);
  const { acceptor, channels } = testAcceptor({
    keys: ring,
    negotiation: { ...own, contract },
  });
  const [near, far] = memorySockets();
  const heard: string[] = [];
  near.onMessage((message) => void heard.push(message));
  acceptor.accept(far);
  near.send(hello!);
  await until(() => heard.length === 1);
  const claims = {
    by: "dialer",
    hello: await digestOfMessage(hello!),
    challenge: await digestOfMessage(heard[0]!),
  };
  near.send(JSON.stringify({ t: "prove", proof: await sign(claims, ring.current) }));
  await until(() => channels.length === 1);
  deepStrictEqual(JSON.parse(heard[1]!), JSON.parse(welcome!));
  strictEqual(acceptor.token, 41);
  await acceptor.close();
});

Deno.test("docs/protocol.md names each frame, and the limits that hold", () => {
  ok(page.includes(`\`${MESSAGES_PATH}\``) && page.includes(`\`${SUBPROTOCOL}\``));
  const named = [...page.matchAll(/^\| \w+ \| (`.*?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, type]) => type!)
  );
  strictEqual(named.length, 20);
  for (const t of named) {
    let message = "";
    try {
      new MessageReader("both").read(JSON.stringify([{ t }]), 0);
    } catch (error) {
      ({ message } = error as Error);
    }
    ok(!message.includes("unknown type"), t);
  }
  const { messageBytes, frameBytes, openParts, depth, framesPerSecond } = READER_LIMITS;
  match(page, new RegExp(`bytes of a message \\| ${messageBytes / 2 ** 20} MiB`));
  match(page, new RegExp(`bytes of a frame, .* \\| ${frameBytes / 2 ** 20} MiB`));
  match(page, new RegExp(`long frames at once \\| ${openParts}`));
  match(page, new RegExp(`within each other \\| ${depth}`));
  match(page, new RegExp(`frames a second \\| ${framesPerSecond.toLocaleString("en")}`));
});
