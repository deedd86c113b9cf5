// An internal error ends the machine and nothing else. The caller learns the system call.

import { writeFileSync } from "node:fs";
import { InternalError } from "trapgate";
import { Machine } from "trapgate/internal";
import { afterEach, describe, expect, it, vi } from "vitest";
import { main } from "../../src/cli/main.ts";
import type { Engine } from "../../src/cpu/engine.ts";
import { SeededRandom } from "../../src/kernel/base/random.ts";
import { place, program } from "../../tools/engines/program.ts";
import { inFolder } from "../support/guest.ts";

afterEach(() => void vi.restoreAllMocks());

/** Calls getrandom(2) so many times, and says so between. */
const asks = (times: number): Uint8Array =>
  program(`
    mov ebx, ${times}
again:
    mov eax, 39 ; getpid
    syscall
    dec ebx
    jnz again
    mov eax, 318 ; getrandom
    mov edi, ${place.data}
    mov esi, 24
    mov edx, 0
    syscall
    mov eax, 1
    mov edi, 1
    mov esi, ${place.data}
    mov edx, 1
    syscall
    mov eax, 231
    mov edi, 0
    syscall`);
/** Twenty-four random bytes are more than we can do. */
const breakRandom = (how: () => never): void => {
  const { bytes } = SeededRandom.prototype;
  vi.spyOn(SeededRandom.prototype, "bytes").mockImplementation(function (this: SeededRandom, n) {
    return n === 24 ? how() : bytes.call(this, n);
  });
};
const tooDeep = (): never => tooDeep();

describe("a mistake of ours", () => {
  it.each<[string, () => never]>([
    [
      "an exception",
      () => {
        throw new TypeError("no such thing");
      },
    ],
    ["a stack that overflows", tooDeep],
    [
      "an array that is too long",
      () => {
        throw new Error(String(new Uint8Array(2 ** 53)));
      },
    ],
  ])("in a call ends the machine, and names the call: %s", async (_, how) => {
    const machine = new Machine({ randomizeLayout: false });
    breakRandom(how);
    const output: Uint8Array[] = [];
    const failure = await machine.run(asks(1), { hooks: { stdout: (bytes) => output.push(bytes) } }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InternalError);
    const { message, call, pid, cause } = failure as InternalError;
    expect(call).toMatchObject({ name: "getrandom", number: 318, abi: "x64", args: [BigInt(place.data), 24n, 0n, 0n, 0n, 0n] });
    expect(call?.ip).toBeGreaterThan(place.code);
    expect(pid).toBe(2);
    expect(message).toContain("getrandom (number 318 of x64) at 0x4010");
    expect(message).toContain("of process 2 (program)");
    expect(cause).toBeInstanceOf(Error);
    // The guest is dead for every later caller.
    vi.restoreAllMocks();
    expect(() => machine.kernel.run(1e9)).toThrow(failure as Error);
    expect(output).toEqual([]);
  });

  it.each<Engine>(["jit", "interpret", "evaluate"])("is the same in a call that engine %s makes", async (engine) => {
    breakRandom(tooDeep);
    await expect(Machine.run(asks(2000), { engine })).rejects.toMatchObject({ name: "InternalError", call: { name: "getrandom" } });
  });

  it("outside of calls names no call", async () => {
    const machine = new Machine();
    machine.kernel.timers.set({ fire: tooDeep }, 50);
    await expect(machine.run(asks(2000))).rejects.toMatchObject({ name: "InternalError", call: undefined });
  });

  it("is not what a hook of the machine's owner throws", async () => {
    const own = new Error("my own");
    const stdout = (): void => {
      throw own;
    };
    await expect(Machine.run(asks(1), { hooks: { stdout } })).rejects.toBe(own);
  });

  it("is not what an async hook rejects with: the run ends with it, during the guest or after its end", async () => {
    const own = new Error("my own");
    const reject = async (): Promise<void> => {
      await Promise.resolve();
      throw own;
    };
    await expect(Machine.run(asks(1), { hooks: { stdout: reject } })).rejects.toBe(own);
    const late = (): Promise<void> => new Promise((_, fail) => setTimeout(fail, 50, own));
    await expect(Machine.run(asks(1), { hooks: { stdout: late } })).rejects.toBe(own);
    const endless = program("again:\n    mov eax, 39\n    syscall\n    jmp again");
    await expect(Machine.run(endless, { hooks: { trace: reject }, trace: true, timeout: 60 })).rejects.toBe(own);
    let done = false;
    const slow = async (): Promise<void> => {
      await new Promise((resolve) => setTimeout(resolve, 30));
      done = true;
    };
    await Machine.run(asks(1), { hooks: { stdout: slow } });
    expect(done).toBe(true);
  });

  it("is told on the command line, with exit status 125", async () => {
    breakRandom(tooDeep);
    const said: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => said.push(String(text)) > 0);
    const { exitCode } = process;
    await inFolder(async (folder) => {
      const path = `${folder}/asks`;
      writeFileSync(path, asks(1), { mode: 0o755 });
      await main(["run", path]);
      const status = process.exitCode;
      process.exitCode = exitCode;
      expect([status, said.join("")]).toEqual([125, expect.stringContaining("internal error: getrandom (number 318 of x64)")]);
      expect(said.join("")).toMatch(/Please report this.*RangeError/);
    });
  });
});
