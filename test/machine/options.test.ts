// Options of JavaScript callers: a mistake is named before anything runs.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CodeMemory, explore, Machine, type Problem, replay } from "trapgate";
import { describe, expect, it } from "vitest";
import { nodeTree } from "../../src/host/node-tree.ts";
import { bytesOf, type Size } from "../../src/machine/size.ts";
import { top } from "../support/host.ts";

const problemOf = (call: () => unknown): Problem => {
  try {
    call();
  } catch (error) {
    return error as Problem;
  }
  throw new Error("it was taken");
};
const machine = (options: object): Problem => problemOf(() => new Machine(options));
const told = ({ name, kind, sentence, help }: Problem) => [name, kind, sentence, help];

describe("options of a machine", () => {
  it("that are unknown are named, with the nearest name", () => {
    expect(told(machine({ kernal: "v6" }))).toEqual([
      "Problem",
      "unknown-property",
      'there is no option kernal (its value is "v6")',
      "did you mean kernel?",
    ]);
    expect(machine({ quux: 1 }).help).toMatch(/^there are kernel, x32, /);
  });
  it("that have an unknown value are named, with the nearest value", () => {
    expect(told(machine({ kernel: "v66" }))).toEqual(["Problem", "bad-property-value", 'kernel cannot be "v66"', "did you mean v6?"]);
    expect(told(machine({ engine: "jt" }))).toEqual(["Problem", "bad-property-value", 'engine cannot be "jt"', "did you mean jit?"]);
    expect(told(machine({ cpu: "pentium3:intle" }))).toEqual([
      "Problem",
      "bad-property-value",
      'cpu cannot be "pentium3:intle"',
      "did you mean pentium3:intel?",
    ]);
    expect(told(machine({ bugs: ["ts-compat-stick"] }))).toEqual([
      "Problem",
      "bad-property-value",
      'bugs[0] cannot be "ts-compat-stick"',
      "did you mean ts-compat-sticks?",
    ]);
    expect(machine({ vsyscall: 3 }).help).toBe("there are none, xonly, emulate");
  });
  it("tell why there is no profile of a version whose text is lost", () => {
    const { message } = machine({ kernel: "patch:v1" });
    expect(message).toMatch(/^kernel cannot be "patch:v1"/);
  });
  it.each([
    [{ memory: "1T" }, 'memory must be bytes from 1048576 to 4026531840, or a size such as "256M", not "1T"'],
    [{ memory: "4G" }, 'memory must be bytes from 1048576 to 4026531840, or a size such as "256M", not "4G"'],
    [{ memory: 4096 }, 'memory must be bytes from 1048576 to 4026531840, or a size such as "256M", not 4096'],
    [{ seed: 0.5 }, "seed must be a whole number from 0, not 0.5"],
    [{ x32: "yes" }, 'x32 must be true or false, not "yes"'],
    [{ root: "/srv" }, 'root must be a host tree: { root, writable }, not "/srv"'],
    [
      { mounts: [{ tree: {}, at: "/mnt", mode: "ro" }] },
      "mounts[0].tree must be a host tree: { root, writable }, not an object of class Object",
    ],
    [{ code: {} }, 'code must be a CodeMemory or "off", not an object of class Object'],
    [{ files: { "/a": 3 } }, 'files["/a"] must be a string, a Uint8Array or { content, mode }, not 3'],
    [{ files: { "/a": { content: "x", mode: 0o10000 } } }, 'files["/a"].mode must be permission bits from 0 to 4095, not 4096'],
  ])("%o is refused", (options, message) => {
    expect(machine(options).sentence).toBe(message);
  });
  it("are named inside of others, too", () => {
    expect(machine({ files: { "/a": { content: "x", mod: 1 } } }).sentence).toBe('there is no option files["/a"].mod (its value is 1)');
    expect(machine({ files: { "/a": { content: "x", mod: 1 } } }).help).toBe("did you mean mode?");
    expect(machine({ files: { a: "x" } }).sentence).toBe('a key of files must be an absolute path in the guest, not "a"');
    const mount = { tree: nodeTree(top, { writable: false }), at: "/mnt", mode: "cwo" };
    expect(told(machine({ mounts: [mount] })).slice(2)).toEqual(['mounts[0].mode cannot be "cwo"', "did you mean cow?"]);
  });
  it("take memory in bytes, KiB, MiB and GiB", async () => {
    const run = (memory: Size) => Machine.run(readFileSync(join(top, "guest/bin/hello-syscall")), { memory });
    for (const memory of ["1G", "16M", "16384K", 2 ** 24] as const) expect((await run(memory)).status).toEqual({ exit: 0 });
    expect([bytesOf("16M"), bytesOf("16384k"), bytesOf("16MiB"), bytesOf("1g"), bytesOf("1.5G"), bytesOf("")]).toEqual([
      2 ** 24,
      2 ** 24,
      2 ** 24,
      2 ** 30,
      undefined,
      undefined,
    ]);
  });
  it("name hostTree where a path stands for a tree", () => {
    expect(machine({ root: "/srv" }).help).toBe('such as hostTree("/srv") of trapgate/node');
  });
  it("must be an object of plain values", () => {
    expect(machine("v6" as never).sentence).toBe('options must be an object, not "v6"');
    expect(machine({ seed: 1n }).sentence).toBe("seed must be a whole number from 0, not 1n");
  });
  it("may be undefined one by one, and all of them are taken", () => {
    const tree = nodeTree(top, { writable: false });
    const options = {
      kernel: "6.12",
      x32: false,
      ia32: true,
      vsyscall: "none",
      bugs: [],
      cpu: "x86-64-v1",
      seed: 7,
      memory: 2 ** 24,
      root: undefined,
      mounts: [{ tree, at: "/src", mode: "ro" }],
      files: { "/a": "x", "/b": new Uint8Array(3), "/c": Buffer.from("x"), "/d": { content: { size: 1, read: () => 0 }, mode: 0o600 } },
      engine: "interpret",
      code: new CodeMemory(),
      randomizeLayout: false,
    };
    expect(() => new Machine(options as never)).not.toThrow();
  });
});

describe("options of a program", () => {
  const run = (options: object): Promise<Problem> =>
    new Machine().run("/none", options).then(
      () => expect.fail("it ran"),
      (e) => e,
    );
  it.each([
    [{ args: "a b" }, 'args must be an array, not "a b"'],
    [{ args: ["a", 3] }, "args[1] must be a string, not 3"],
    [{ env: { A: 1 } }, "env.A must be a string, not 1"],
    [{ cwd: "tmp" }, 'cwd must be an absolute path in the guest, not "tmp"'],
    [{ uid: -1 }, "uid must be a user id from 0 to 4294967294, not -1"],
    [{ timeout: 0 }, "timeout must be seconds, more than 0 and at most 2147483, not 0"],
    [{ timeout: 1e9 }, "timeout must be seconds, more than 0 and at most 2147483, not 1000000000"],
    [{ stdin: 3 }, "stdin must be a string or a Uint8Array, not 3"],
    [{ hooks: { stdout: 1 } }, "hooks.stdout must be a function, not 1"],
    [{ trace: "yes" }, 'trace must be true, false or trace options such as { follow: true }, not "yes"'],
    [{ trace: { follow: 1 } }, "trace.follow must be true or false, not 1"],
    [{ signal: {} }, "signal must be an AbortSignal, not an object of class Object"],
    [{ policy: 1 }, "policy must be filter text, BPF instructions as a Uint8Array, or a policy of trapgate/policy, not 1"],
  ])("%o is refused", async (options, message) => {
    expect((await run(options)).sentence).toBe(message);
  });
  it("know where an option of the machine belongs", async () => {
    expect(told(await run({ kernel: "v6" }))).toEqual([
      "Problem",
      "unknown-property",
      'there is no option kernel (its value is "v6")',
      "it is an option of the machine: new Machine({ kernel })",
    ]);
    expect((await run({ hooks: { stdot: () => {} } })).help).toBe("did you mean stdout?");
  });
  it("are checked with those of the machine by Machine.run, and the program is", async () => {
    await expect(Machine.run("/none", { kernel: "v6", trase: true } as never)).rejects.toMatchObject({ help: "did you mean trace?" });
    await expect(Machine.run(3 as never)).rejects.toMatchObject({ kind: "bad-property-value", message: expect.stringContaining("not 3") });
  });
  it("accept what AbortSignal and Buffer are", async () => {
    const { signal } = new AbortController();
    const failure = await run({ signal, stdin: Buffer.from("x"), hooks: { stdout: undefined }, trace: { column: 40 } });
    expect(failure).toMatchObject({ kind: "not-found" });
  });
});

describe("options of explore and replay", () => {
  it("are checked", async () => {
    await expect(explore("/none", { departure: 2 } as never)).rejects.toMatchObject({ help: "did you mean departures?" });
    await expect(explore("/none", { slice: 0 })).rejects.toMatchObject({
      sentence: "slice must be instructions from 1 to 999999999, not 0",
    });
    await expect(explore("/none", { shard: { number: 3, of: 2 } })).rejects.toMatchObject({
      sentence: "shard must be { number, of } with number at most of, not an object of class Object",
    });
    await expect(explore("/none", { timeout: 3 } as never)).rejects.toMatchObject({
      sentence: "there is no option timeout (its value is 3)",
    });
    expect(problemOf(() => replay("/none", { schedule: 3 } as never)).sentence).toBe("schedule must be a string, not 3");
    expect(problemOf(() => replay("/none", {} as never)).sentence).toBe("schedule must be a string, not undefined");
  });
});
