// What belongs to the host: given again to a copy as it was, refused with the option that allows it, or
// allowed.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HostTree, Machine, type MachineOptions, Problem, Snapshot } from "trapgate";
import { hostNetwork, hostOverlay, hostTree } from "trapgate/node";
import { afterAll, describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { missing, type Need, nativeX64 } from "../support/host.ts";

const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const python: Need = { what: "/usr/bin/python3", met: existsSync("/usr/bin/python3") };
const root = hostTree("/");
const folder = mkdtempSync(join(tmpdir(), "trapgate-test-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** The message and the help of a refusal. */
const refusal = async (act: () => unknown): Promise<string> => {
  try {
    await act();
  } catch (error) {
    if (error instanceof Problem && ["changed-files", "no-snapshot"].includes(error.kind)) return `${error.message} (${error.help})`;
    throw error;
  }
  return "none";
};
const waiting = async (script: string, options: MachineOptions): Promise<Machine> => {
  const machine = new Machine({ root, ...options });
  await machine.start("/bin/sh", { args: ["-c", script] });
  await machine.runUntil({ idle: true });
  return machine;
};
const textOf = async (machine: Machine): Promise<string> => (await machine.finish()).stdout.text;

describe.skipIf(missing("the host's parts of a snapshot", nativeX64, sh))("the host's parts:", { timeout: 60_000 }, () => {
  it("a file that was read is known by its content", async () => {
    writeFileSync(join(folder, "data"), "one\n");
    const mounts = { "/mnt": hostTree(folder) };
    const machine = await waiting("read a < /mnt/data; read b; echo $a $b", {
      mounts: [{ tree: hostTree(folder), at: "/mnt", mode: "ro" }],
    });
    const bytes = await machine.snapshot().bytes();
    utimesSync(join(folder, "data"), 1, 1);
    const snapshot = await Snapshot.read(bytes, { root, mounts });
    expect((await snapshot.run({ stdin: "x" })).stdout.text).toBe("one x\n");
    writeFileSync(join(folder, "data"), "two\n");
    expect(await refusal(() => Snapshot.read(bytes, { root, mounts }))).toMatch(
      /\/mnt\/data, which has another content .*--accept-changed/,
    );
    await Snapshot.read(bytes, { root, mounts, changed: "accept" });
  });
  it("a writable mount is used again while its files are the same", async () => {
    const log = join(folder, "rw");
    const tree = hostTree(mkdtempSync(log), { writable: true });
    const machine = await waiting("exec 3>>/mnt/log; echo 1 >&3; read a; echo $a >&3; cat /mnt/log", {
      mounts: [{ tree, at: "/mnt", mode: "rw" }],
    });
    const snapshot = machine.snapshot();
    const bytes = await snapshot.bytes();
    const read = (given: HostTree) => Snapshot.read(bytes, { root, mounts: { "/mnt": given } });
    expect(await refusal(() => read(root))).toContain("--mount HOST:GUEST:rw");
    const copy = (await read(tree)).fork({ stdin: "2\n" });
    expect(await textOf(copy)).toBe("1\n2\n");
    // The host has the second line: no copy can take it back.
    for (const act of [() => snapshot.fork(), () => machine.restore(snapshot), () => read(tree)])
      expect(await refusal(act)).toMatch(/log.* has 4 bytes and had 2 .*--accept-changed/);
    expect(await textOf(snapshot.fork({ stdin: "3\n", changed: "accept" }))).toBe("1\n2\n3\n");
    machine.restore(snapshot, { stdin: "4\n", changed: "accept" });
    expect(await textOf(machine)).toBe("1\n2\n3\n4\n");
  });
  it("an overlay is used again while it has not changed", async () => {
    const at = join(folder, "overlay");
    const machine = await waiting("echo 1 > /x; read a; echo $a >> /x; cat /x", { overlay: hostOverlay(at) });
    const snapshot = machine.snapshot();
    const bytes = await snapshot.bytes();
    spawnSync("cp", ["-a", at, `${at}.copy`]);
    rmSync(join(`${at}.copy`, "lock"), { force: true });
    expect(await refusal(() => snapshot.fork())).toContain("in use");
    expect(await textOf(machine)).toBe("1\n\n");
    expect(await refusal(() => snapshot.fork())).toContain("changed since");
    const read = (overlay?: string, changed: "accept" | "refuse" = "refuse") =>
      Snapshot.read(bytes, { root, changed, ...(overlay === undefined ? {} : { overlay: hostOverlay(overlay) }) });
    expect(await refusal(() => read())).toContain("--overlay");
    expect(await refusal(() => read(at))).toMatch(/changed since.*--accept-changed/);
    expect(await textOf((await read(`${at}.copy`)).fork({ stdin: "2\n" }))).toBe("1\n2\n");
  });
  it("a network is given again, or left out by name", async () => {
    const snapshot = (await waiting("read a; echo $a", { network: hostNetwork({ reach: "host" }) })).snapshot();
    const bytes = await snapshot.bytes();
    expect(await refusal(() => Snapshot.read(bytes, { root }))).toMatch(/--net host.*--net none/);
    expect(await refusal(() => Snapshot.read(bytes, { root, network: hostNetwork() }))).toContain("another kind");
    for (const network of ["none", hostNetwork({ reach: "host" })] as const) {
      const read = await Snapshot.read(bytes, { root, network });
      expect((await read.run({ stdin: "x\n" })).stdout.text).toBe("x\n");
    }
    const none = (await waiting("read a", {})).snapshot();
    const closed = await none.bytes();
    expect(await refusal(() => Snapshot.read(closed, { root, network: hostNetwork() }))).toContain("without a network");
  });
  it("a moment that a copy finds is refused with the moments that need none", async () => {
    const machine = await waiting("read a", { network: hostNetwork({ reach: "host" }) });
    expect(await refusal(() => machine.runUntil({ exit: true }))).toMatch(
      /copy that runs ahead.*network of the host.*a call, output, a time/,
    );
  });
  it("a terminal is that of the process, or typed at", async () => {
    const file = join(folder, "t.snapshot");
    const run = (...args: string[]) => trapgate(["run", "--root", "/", ...args], { input: "hi\n" });
    expect(run("-t", "--snapshot", file, "--", "/bin/sh", "-c", "tty; read a; echo got $a").stdout).toBe("/dev/console\r\n");
    expect(run("--from", file).stderr).toMatch(/terminal.*--no-terminal.*TG0510/);
    expect(run("--no-terminal", "--from", file)).toEqual({ status: 0, stdout: "hi\r\ngot hi\r\n", stderr: "" });
  });
});

const server = `
import socket
s = socket.create_server(("", 80))
print("ready", flush=True)
while True:
    try:
        c, _ = s.accept()
        c.sendall(b"hello ")
        while got := c.recv(100):
            c.sendall(got)
    except ConnectionResetError:
        print("reset", flush=True)
        break
`;
describe.skipIf(missing("connections of a snapshot", nativeX64, python))("connections", { timeout: 120_000 }, () => {
  it("are refused by name, or reset in the copy", async () => {
    let port = 0;
    const network = hostNetwork({ publish: [{ host: 0, guest: 80 }], listening: ({ host }) => (port = host) as unknown as void });
    const machine = new Machine({ root, network, files: { "/server.py": server } });
    await machine.start("/usr/bin/python3", { args: ["/server.py"] });
    await machine.runUntil({ output: "ready\n" });
    const silent = machine.snapshot();
    let heard = "";
    const client = connect(port, "127.0.0.1").on("data", (bytes) => (heard += bytes));
    await machine.runUntil({ call: "recvfrom" });
    const busy = machine.snapshot();
    expect(await refusal(() => busy.fork())).toMatch(/1 connections .*tcp 10\.0\.2\.2:\d+.*--reset-connections/);
    const ended = new Promise((resolve) => client.on("close", resolve).on("error", () => undefined));
    machine.restore(busy, { connections: "reset" });
    const { stdout } = await machine.finish();
    expect(stdout.text).toBe("reset\n");
    await ended;
    expect(heard).toBe("hello ");
    // The copy of the state before listens at a port of the host again.
    const copy = silent.fork();
    const run = copy.finish({ timeout: 2 });
    await new Promise((resolve) => setTimeout(resolve, 300));
    const again = connect(port, "127.0.0.1");
    expect(await new Promise((resolve) => again.on("data", (bytes) => resolve(String(bytes))))).toBe("hello ");
    again.destroy();
    await run;
  });
});
