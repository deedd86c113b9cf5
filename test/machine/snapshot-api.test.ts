// Runs in steps, snapshots and copies, as users of the library have them.
import { existsSync, readFileSync } from "node:fs";
import { Machine, type MachineOptions, Problem, Snapshot } from "trapgate";
import { hostTree } from "trapgate/node";
import { describe, expect, it } from "vitest";
import { missing, type Need, nativeX64, top } from "../support/host.ts";

const hello = readFileSync(`${top}/guest/bin/hello-syscall`);
const sh: Need = { what: "/bin/sh", met: existsSync("/bin/sh") };
const root = hostTree("/");
const codeOf = async (act: () => unknown): Promise<string> => {
  try {
    await act();
  } catch (error) {
    if (error instanceof Problem) return error.kind;
    throw error;
  }
  return "none";
};
const shell = async (script: string, options: MachineOptions = {}): Promise<Machine> => {
  const machine = new Machine({ root, ...options });
  await machine.start("/bin/sh", { args: ["-c", script] });
  return machine;
};

describe("a run in steps", () => {
  it("is the run that did not stop", async () => {
    const whole = await Machine.run(hello, { trace: true });
    const machine = new Machine();
    await machine.start(hello, { stdin: "", trace: true });
    while (await machine.runUntil({ call: "write" }));
    const run = await machine.finish();
    expect({ ...run, stdout: run.stdout.text }).toEqual({ ...whole, stdout: whole.stdout.text });
  });
  it("stops at the exact instruction", async () => {
    const machine = new Machine();
    await machine.start(hello);
    expect(await machine.runUntil({ instructions: 3 })).toBe(true);
    expect(machine.moment).toMatch(/^3:/);
    const { moment } = machine;
    const other = new Machine();
    await other.start(hello);
    expect(await other.runUntil(moment)).toBe(true);
    expect(other.moment).toBe(moment);
  });
  it("refuses moments that are over or that it does not have", async () => {
    const machine = new Machine();
    await machine.start(hello);
    await machine.runUntil({ instructions: 3 });
    expect(await codeOf(() => machine.runUntil("1:1"))).toBe("bad-moment");
    expect(await codeOf(() => machine.runUntil(`2:${Number(machine.moment.split(":")[1]) + 1}`))).toBe("bad-moment");
    expect(await codeOf(() => machine.runUntil("soon"))).toBe("bad-moment");
    expect(await codeOf(() => machine.runUntil({ call: "wirte" }))).toBe("bad-moment");
  });
  it("runs once at a time, and is whole again after a hook has failed", { timeout: 60_000 }, async () => {
    const machine = new Machine();
    let fails = false;
    const hooks = {
      stdout: () => {
        if (fails) throw new Error("the hook's own");
      },
    };
    await machine.start(hello, { hooks });
    const snapshot = machine.snapshot();
    const running = machine.finish();
    const kinds = [codeOf(() => machine.runUntil({ idle: true })), codeOf(() => machine.restore(snapshot))];
    expect(await Promise.all(kinds)).toEqual(["started", "started"]);
    expect((await running).status).toEqual({ exit: 0 });
    fails = true;
    machine.restore(snapshot, { hooks });
    await expect(machine.finish()).rejects.toThrow("the hook's own");
    machine.restore(snapshot);
    expect((await machine.finish()).stdout.text).toBe("hello through syscall\n");
  });
  it("stops before the code at an address, and before its last call", async () => {
    const machine = new Machine();
    await machine.start(hello);
    expect(await machine.runUntil({ exit: true })).toBe(true);
    expect(machine.moment).toMatch(/^7:/);
    expect((await machine.finish()).stats.instructions).toBe(8);
    const other = new Machine();
    await other.start(hello);
    expect(await codeOf(() => other.runUntil({ address: 0x7000_0000 }))).toBe("bad-moment");
    expect(await codeOf(() => other.runUntil({ main: true }))).toBe("bad-moment");
    expect(await codeOf(() => other.snapshot().fork({ args: ["x"] }))).toBe("bad-moment");
    expect((await other.finish()).stats).toEqual((await Machine.run(hello)).stats);
  });
  it("goes on under its schedule", async () => {
    const options = { schedule: "default/500", stdin: "" };
    const program = readFileSync(`${top}/guest/bin/c6`);
    const whole = await Machine.run(program, options);
    const machine = new Machine();
    await machine.start(program, options);
    await machine.runUntil({ instructions: 40 });
    expect((await machine.snapshot().run()).stats).toEqual(whole.stats);
  });
  it("has one program, which must have been started", async () => {
    const machine = new Machine();
    expect(await codeOf(() => machine.finish())).toBe("started");
    expect(await codeOf(() => machine.snapshot())).toBe("started");
    await machine.start(hello);
    expect(await codeOf(() => machine.start(hello))).toBe("started");
    expect(await codeOf(() => machine.run(hello))).toBe("started");
  });
});

describe.skipIf(missing("snapshots of a shell", nativeX64, sh))("a snapshot", () => {
  it("is continued any number of times, with other input", { timeout: 60_000 }, async () => {
    const machine = await shell("echo before; read a b; echo $b $a");
    expect(await machine.runUntil({ output: "before\n" })).toBe(true);
    expect(await machine.runUntil({ idle: true })).toBe(true);
    const snapshot = machine.snapshot();
    const runs = await Promise.all(["1 2\n", "3 4\n", "x y\n"].map((stdin) => snapshot.run({ stdin })));
    expect(runs.map(({ stdout }) => stdout.text)).toEqual(["2 1\n", "4 3\n", "y x\n"]);
    machine.write("5 6\n");
    expect((await machine.finish()).stdout.text).toBe("before\n6 5\n");
    for (const stdin of ["7 8\n", "9 10\n", "11 12\n"])
      expect((await snapshot.run({ stdin })).stdout.text).toBe(`${stdin.trim().split(" ").reverse().join(" ")}\n`);
  });
  it("is taken back to in place, and copied as a copy", { timeout: 60_000 }, async () => {
    const machine = await shell("read a; n=$a; read b; echo $n$b");
    await machine.runUntil({ idle: true });
    const first = machine.snapshot();
    machine.write("1\n");
    await machine.runUntil({ idle: true });
    const second = machine.snapshot();
    expect((await second.run({ stdin: "2\n" })).stdout.text).toBe("12\n");
    machine.restore(first, { stdin: "3\n4\n" });
    expect(machine.moment).toBe(first.moment);
    expect((await machine.finish()).stdout.text).toBe("34\n");
    const copy = second.fork();
    const third = copy.snapshot();
    copy.restore(first);
    copy.write("5\n");
    await copy.runUntil({ idle: true });
    expect((await copy.snapshot().run({ stdin: "6\n" })).stdout.text).toBe("56\n");
    expect((await third.run({ stdin: "7\n" })).stdout.text).toBe("17\n");
  });
  it("has copies that end and give their memory to the next", { timeout: 60_000 }, async () => {
    const machine = await shell("read a; echo $a");
    await machine.runUntil({ idle: true });
    const snapshot = machine.snapshot();
    const first = snapshot.fork({ stdin: "1\n" });
    expect((await first.finish()).stdout.text).toBe("1\n");
    const { moment } = first;
    const second = snapshot.fork({ stdin: "2\n" });
    expect([first.moment, await first.runUntil({ idle: true })]).toEqual([moment, false]);
    expect(await codeOf(() => first.snapshot())).toBe("started");
    first.restore(snapshot, { stdin: "3\n" });
    const texts = await Promise.all([first, second].map(async (copy) => (await copy.finish()).stdout.text));
    expect(texts).toEqual(["3\n", "2\n"]);
    expect((await machine.snapshot().run({ stdin: "4\n" })).stdout.text).toBe("4\n");
  });
  it("gives a copy other files, and another source of randomness", { timeout: 60_000 }, async () => {
    const machine = await shell("read a; cat /data; od -An -N8 -tx1 /dev/urandom", { files: { "/data": "old\n" } });
    await machine.runUntil({ idle: true });
    const snapshot = machine.snapshot();
    const text = async (options: Parameters<Snapshot["run"]>[0]) => (await snapshot.run({ stdin: "\n", ...options })).stdout.text;
    const [first, again] = [await text({}), await text({})];
    expect(again).toBe(first);
    expect(first).toMatch(/^old\n( [0-9a-f]{2}){8}\n$/);
    expect(await text({ files: { "/data": "new\n" } })).toBe(first.replace("old", "new"));
    const other = await text({ seed: 7 });
    expect(other).not.toBe(first);
    expect(await text({ seed: 7 })).toBe(other);
  });
  it("gives main other arguments and another environment", { timeout: 60_000 }, async () => {
    const machine = new Machine({ root });
    await machine.start("/bin/sh", { args: ["-c", "echo $1 $X; tr '\\0' ' ' < /proc/$$/cmdline", "a", "b"], env: { X: "x" } });
    const before = machine.moment;
    expect(await machine.runUntil({ main: true })).toBe(true);
    expect(machine.moment).not.toBe(before);
    const snapshot = machine.snapshot();
    const text = async (options: Parameters<Snapshot["run"]>[0]) => (await snapshot.run({ stdin: "", ...options })).stdout.text;
    const script = "echo $1 $X; tr '\\0' ' ' < /proc/$$/cmdline";
    expect(await text({})).toBe(`b x\n/bin/sh -c ${script} a b `);
    expect(await text({ args: ["-c", script, "c", "other words"] })).toBe(`other words x\n/bin/sh -c ${script} c other words `);
    expect(await text({ args: ["-c", "echo $#; echo $X $Y"], env: { Y: "y", PATH: "/bin:/usr/bin" } })).toBe("0\ny\n");
    // A machine that was taken back, and one from a file.
    machine.restore(snapshot, { args: ["-c", "echo $X; exit 5"], env: { X: "again" } });
    const { stdout, status } = await machine.finish();
    expect([stdout.text, status]).toEqual(["again\n", { exit: 5 }]);
    const read = await Snapshot.read(await snapshot.bytes(), { root });
    expect((await read.run({ stdin: "", args: ["-c", "echo from a file"] })).stdout.text).toBe("from a file\n");
  });
  it("is taken back after a limit of the host's time or a signal has stopped it", { timeout: 60_000 }, async () => {
    const machine = await shell("read a; echo $a; [ $a = stop ] || while :; do :; done");
    await machine.runUntil({ idle: true });
    const snapshot = machine.snapshot();
    machine.write("go\n");
    expect((await machine.finish({ timeout: 0.2 })).status).toEqual({ timeout: 0.2 });
    machine.restore(snapshot);
    machine.write("go\n");
    await expect(machine.finish({ signal: AbortSignal.timeout(200) })).rejects.toThrow("timeout");
    machine.restore(snapshot, { stdin: "stop\n" });
    const { status, stdout } = await machine.finish();
    expect([status, stdout.text]).toEqual([{ exit: 0 }, "stop\n"]);
  });
  it("shows a trace and calls hooks from its moment on", { timeout: 60_000 }, async () => {
    const machine = await shell("echo a; read x; echo $x");
    await machine.runUntil({ idle: true });
    const seen: string[] = [];
    const hooks = { stdout: (bytes: Uint8Array) => void seen.push(new TextDecoder().decode(bytes)) };
    const run = await machine.snapshot().run({ stdin: "b\n", trace: true, hooks });
    expect(seen).toEqual(["b\n"]);
    expect(run.trace.join("\n")).toContain('write(1, "b\\n", 2) = 2');
  });
});

describe("a machine that no copy can have", () => {
  it("runs", async () => {
    const machine = new Machine();
    let kind = "";
    await machine.start(hello, { hooks: { stdout: () => void codeOf(() => machine.snapshot()).then((k) => (kind = k)) } });
    await machine.finish();
    expect(kind).toBe("no-snapshot");
  });
  it("is another one", async () => {
    const [a, b] = [new Machine(), new Machine()];
    for (const machine of [a, b]) await machine.start(hello);
    expect(await codeOf(() => b.restore(a.snapshot()))).toBe("foreign-snapshot");
    expect(await codeOf(() => b.restore({} as Snapshot))).toBe("bad-property-value");
    expect(a.snapshot()).toBeInstanceOf(Snapshot);
  });
  it("has an option that a copy does not", async () => {
    const machine = new Machine();
    await machine.start(hello);
    expect(await codeOf(() => machine.snapshot().fork({ argv0: "x" } as object))).toBe("unknown-property");
  });
});
