// The network of a machine: programs inside and real sockets of the host, on both ABIs. Forbidden addresses
// are not reached.
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { Machine, type MachineOptions, type ProgramOptions, type Run } from "trapgate";
import { type HostNetworkOptions, hostNetwork } from "trapgate/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { endOfRun, inFolder } from "../../support/guest.ts";
import { busybox, gcc, gcc32, missing } from "../../support/host.ts";

const skip = missing("the network of a machine", gcc, gcc32, busybox("amd64"));
const programs = new Map<number, Uint8Array>();
beforeAll(() =>
  skip
    ? undefined
    : inFolder(async (folder) => {
        for (const bits of [64, 32]) {
          const to = join(folder, `net${bits}`);
          execFileSync("gcc", [`-m${bits}`, "-static", "-O1", "-pthread", "-o", to, join(import.meta.dirname, "net.c")]);
          programs.set(bits, readFileSync(to));
        }
      }),
);

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close();
});
/** A server of the host's loopback. */
const serverOn = async (client: (socket: Socket) => void): Promise<number> => {
  const server = createServer({ allowHalfOpen: true }, client);
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as { port: number }).port;
};
type Options = MachineOptions & ProgramOptions;
const run = (network: HostNetworkOptions | undefined, args: readonly (string | number)[], more: Options = {}, bits = 64): Promise<Run> =>
  Machine.run(programs.get(bits) as Uint8Array, {
    ...(network ? { network: hostNetwork(network) } : {}),
    args: args.map(String),
    timeout: 50,
    ...more,
  });
const text = async (made: Promise<Run>): Promise<string> => {
  const done = await made;
  expect(done.stderr.text).toBe("");
  expect(endOfRun(done)).toBe(0);
  return done.stdout.text;
};
const HOST = "10.0.2.2";
const allowed = { reach: "host", loopback: true } as const;
/** The port of a published one, and the run. */
const published = async (
  protocol: "tcp" | "udp",
  args: readonly (string | number)[],
  more: Options = {},
): Promise<{ readonly port: number; readonly done: Promise<Run> }> => {
  let port = 0;
  let ready = (): void => {};
  const waits = new Promise<void>((resolve) => (ready = resolve));
  const network = { publish: [{ host: 0, guest: 7000, protocol }], listening: ({ host }: { host: number }) => void (port = host) };
  const done = run(network, args, { ...more, hooks: { stdout: () => ready() } });
  await Promise.race([waits, done]);
  return { port, done };
};

describe.skipIf(skip)("connections that programs make", { timeout: 120_000 }, () => {
  it.each([64, 32])("pass bytes and the ends of both directions (%i bits)", async (bits) => {
    const port = await serverOn((socket) => {
      let heard = "";
      socket.on("data", (bytes) => (heard += bytes));
      socket.on("end", () => socket.end(`heard ${heard}`));
    });
    expect(await text(run(allowed, ["talk", HOST, port], {}, bits))).toBe(
      "connect EINPROGRESS\npoll out error 0\nown 10.0.2.15 port\npeer 10.0.2.2 port\nearly read -1 EAGAIN\nread heard hello\nend 0\n",
    );
  });
  it("fail with the errno of the other side", async () => {
    const resets = await serverOn((socket) => void setTimeout(() => socket.resetAndDestroy(), 50));
    expect(await text(run(allowed, ["fails", HOST, resets]))).toBe("connect 0\nread -1 ECONNRESET\nwrite EPIPE\n");
    const closed = createServer();
    closed.listen(0, "127.0.0.1");
    await once(closed, "listening");
    const { port } = closed.address() as { port: number };
    closed.close();
    expect(await text(run(allowed, ["fails", HOST, port]))).toMatch(/^connect ECONNREFUSED\n/);
  });
  it("stop a program that sends more than the other side takes", async () => {
    const port = await serverOn((socket) => void socket.on("error", () => {}).pause());
    expect(await text(run(allowed, ["fill", HOST, port]))).toBe("bounded\n");
  });
  it("are bounded in number", async () => {
    let [now, most] = [0, 0];
    const port = await serverOn((socket) => {
      most = Math.max(most, ++now);
      socket
        .on("error", () => {})
        .on("close", () => now--)
        .resume()
        .on("end", () => socket.end());
    });
    expect(await text(run(allowed, ["many", HOST, port, 10000]))).toBe("at most 1024 begun, other 0\n");
    expect(most).toBeLessThanOrEqual(1024);
    // Each is charged for the buffers of the host: memory is short before the number is reached.
    most = 0;
    await run(allowed, ["many", HOST, port, 1000], { memory: "64M" });
    expect(most).toBeLessThanOrEqual(512);
  });
  it("let other threads run and timers pass while a program waits", async () => {
    const port = await serverOn((socket) => void setTimeout(() => socket.end("x"), 1000));
    expect(await text(run(allowed, ["meanwhile", HOST, port]))).toBe("read 1, counted meanwhile\n");
    const silent = await serverOn((socket) => void socket.on("error", () => {}));
    expect(await text(run(allowed, ["deadline", HOST, silent]))).toBe("EAGAIN after the time\n");
  });
  it("end with the run", async () => {
    let ended = (): void => {};
    const closes = new Promise<void>((resolve) => (ended = resolve));
    const port = await serverOn(
      (socket) =>
        void socket
          .on("error", () => {})
          .on("end", () => ended())
          .resume(),
    );
    const { status } = await run(allowed, ["meanwhile", HOST, port], { timeout: 1 });
    expect(status).toEqual({ timeout: 1 });
    await closes;
  });
  it("carry packets, and answers of those that were sent to only", async () => {
    const server = createSocket("udp4");
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    const stranger = createSocket("udp4");
    server.on("message", (bytes, { port, address }) => {
      stranger.send("strange", port, address);
      setTimeout(() => server.send(`${bytes} pong`, port, address), 50);
    });
    const said = await text(run(allowed, ["packets", HOST, server.address().port]));
    for (const socket of [server, stranger]) socket.close();
    expect(said).toBe("send 4\nping pong from 10.0.2.2 same port\nEAGAIN\n");
  });
});

describe.skipIf(skip)("published ports", { timeout: 120_000 }, () => {
  it("are connections of the program's socket, and all that it sent arrives", async () => {
    const { port, done } = await published("tcp", ["serve", 7000]);
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.end("some text");
    let heard = "";
    for await (const bytes of socket) heard += bytes;
    expect(heard).toBe(`SOME\0TEXT${"!".repeat(32 * 65536)}`);
    expect(await text(done)).toBe("ready\nclient 10.0.2.2 port\nserver 10.0.2.15 port\nclient ended 0\n");
    await expect(once(connect(port, "127.0.0.1"), "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });
  it("carry packets of several clients", async () => {
    const { port, done } = await published("udp", ["serve-packets", 7000]);
    for (const word of ["one", "two"]) {
      const client = createSocket("udp4");
      client.send(word, port, "127.0.0.1");
      const [answer] = await once(client, "message");
      expect(String(answer)).toBe(word.toUpperCase());
      client.close();
    }
    expect(await text(done)).toBe("ready\n");
  });
  it("reset a client for whom no program listens", async () => {
    const { port, done } = await published("tcp", ["serve-packets", 7001], { timeout: 2 });
    const socket = connect(port, "127.0.0.1");
    await expect(once(socket, "close").then(() => socket.bytesRead)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await done).status).toEqual({ timeout: 2 });
  });
  it("are the user's mistake if they are in use", async () => {
    const used = await serverOn(() => {});
    await expect(run({ publish: [{ host: used, guest: 80 }] }, ["local"])).rejects.toThrow(
      `tcp port ${used} of 127.0.0.1 cannot be published: it is in use`,
    );
  });
});

describe.skipIf(skip)("addresses", { timeout: 120_000 }, () => {
  it("of the machine are its own, others are not", async () => {
    expect(await text(run({ reach: "host" }, ["local"]))).toBe(
      "bind own 0\nconnect own 0\nfrom 10.0.2.15 port\nbind other EADDRNOTAVAIL\nloopback to far EINVAL\nmulticast ENETUNREACH\n",
    );
  });
  it("of the host are reached only if that is allowed", async () => {
    let clients = 0;
    const port = await serverOn((socket) => {
      clients++;
      socket.destroy();
    });
    const own = Object.values(networkInterfaces()).flatMap((list = []) =>
      list.flatMap(({ family, address }) => (family === "IPv4" ? [address] : [])),
    );
    const everywhere = createServer((socket) => {
      clients++;
      socket.destroy();
    });
    servers.push(everywhere);
    everywhere.listen(0, "0.0.0.0");
    await once(everywhere, "listening");
    const ports = [port, (everywhere.address() as { port: number }).port].sort((a, b) => a - b);
    for (const address of [
      HOST,
      "127.0.0.1",
      "127.1.2.3",
      "0.0.0.0",
      "0.0.0.1",
      "10.0.2.3",
      "10.0.2.4",
      "169.254.169.254",
      "255.255.255.255",
      ...own,
    ])
      for (const near of ports)
        for (const network of [{ reach: "host" } as const, { publish: [] }, undefined])
          expect(await text(run(network, ["scan", address, near - 3, near + 3]))).toBe(`${address}: 0 open\n`);
    expect(clients).toBe(0);
    expect(await text(run(allowed, ["scan", HOST, port, port]))).toBe(`${HOST}: 1 open\n`);
    expect(clients).toBe(1);
  });
  it("of names are the resolver's, which is 10.0.2.3", async () => {
    const asked: string[] = [];
    const server = createSocket("udp4");
    server.bind(0, "127.0.0.1");
    await once(server, "listening");
    server.on("message", (query, from) => {
      const end = query.indexOf(0, 12) + 5;
      const isA = query[end - 3] === 1;
      asked.push(query.subarray(13, end - 5).toString());
      const answer = isA ? Buffer.from("c00c000100010000003c0004cb007107", "hex") : Buffer.alloc(0);
      const head = Buffer.concat([query.subarray(0, 2), Buffer.from([0x81, 0x80, 0, 1, 0, isA ? 1 : 0, 0, 0, 0, 0])]);
      server.send(Buffer.concat([head, query.subarray(12, end), answer]), from.port, from.address);
    });
    const network = hostNetwork({ reach: "host", dns: [`127.0.0.1:${server.address().port}`] });
    const program = readFileSync(busybox("amd64").path);
    const done = await Machine.run(program, { argv0: "busybox", network, args: ["nslookup", "-type=a", "name.test"], timeout: 50 });
    server.close();
    expect(done.stdout.text).toContain("Server:\t\t10.0.2.3");
    expect(done.stdout.text).toContain("Address: 203.0.113.7");
    expect(new Set(asked)).toEqual(new Set(["name\x04test"]));
  });
});
