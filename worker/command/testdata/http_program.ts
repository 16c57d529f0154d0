/** A program that fetches tasks: each input says what to do with it. */
const url = Deno.env.get("TROUPE_TASKS_URL")!;
const fetchers = Number(Deno.args[0] ?? 1);

async function post(path: string, body: unknown): Promise<void> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${url}/${path}`, { method: "POST", body: text });
  console.error(
    `${path.replace(/^\d+/, "task")} ${response.status} ${await response.text()}`.trim(),
  );
}

async function work(): Promise<void> {
  while (true) {
    const response = await fetch(url);
    if (response.status === 204) continue;
    if (response.status !== 200) return;
    const { id, input } = await response.json();
    switch (input.do) {
      case "echo":
        await post(id, { pid: Deno.pid, said: input.say });
        break;
      case "fail":
        await post(`${id}/error`, { message: "no luck", data: [1] });
        break;
      case "babble": // and then do what was asked for
        await post(id, "{ no JSON");
        await post("none", "1");
        await post(id, "1");
        break;
      case "die":
        console.error("dying");
        Deno.exit(5);
        break;
      case "wait": {
        console.error("waiting");
        const line = new Uint8Array(8);
        await (await Deno.open(input.fifo)).read(line);
        await post(id, null);
        break;
      }
      case "hang":
        console.error("hanging");
        await new Promise((resolve) => setTimeout(resolve, 1_000_000));
        break;
    }
  }
}

console.error("up");
await Promise.all(Array.from({ length: fetchers }, work));
console.error("bye");
