// `Run.denials`: calls that filters kept from running, with door, filter and stack.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { guestPath } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, gcc32, missing } from "../support/host.ts";

const noGetppid = "A = sys_number; A == getppid ? no : ok; ok: return ALLOW; no: return ERRNO(EPERM)";
const hello = (door: string): Promise<Uint8Array> => Promise.resolve(readFileSync(guestPath(`hello-${door}`)));
const deny = "return ERRNO(EPERM)";

describe("denials", () => {
  it.each([
    ["syscall", "syscall64", "x64", 1],
    ["int80-64", "int80", "i386", 4],
    ["int80-32", "int80", "i386", 4],
  ] as const)("hello-%s: tell the door %s", async (program, door, abi, number) => {
    const { denials } = await Machine.run(await hello(program), { policy: deny, timeout: 20 });
    expect(denials[0]).toMatchObject({ pid: 2, door, abi, number, name: "write", verdict: "ERRNO(EPERM)", filter: 1, byPolicy: true });
    expect(denials[0]?.call).toMatch(/^write\(1, "hello/);
    expect(denials[0]?.args.slice(0, 1)).toEqual([1n]);
  });
  it("tell sysenter and the 32-bit syscall", async () => {
    // The programs do not end: exit is denied, too.
    const doorOf = async (program: string, cpu: string) =>
      (await Machine.run(await hello(program), { policy: deny, cpu, timeout: 1 })).denials[0]?.door;
    expect(await doorOf("sysenter", "x86-64-v1:intel")).toBe("sysenter");
    expect(await doorOf("syscall32", "x86-64-v1:amd")).toBe("syscall32");
  });
  it("end at a thousand; the hook gets all of them", async () => {
    let told = 0;
    // mov ebx, 3000; l: mov eax, 39; syscall; dec ebx; jnz l; mov eax, 60; syscall
    const code = [0xbb, 0xb8, 0x0b, 0, 0, 0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xff, 0xcb, 0x75, 0xf5, 0xb8, 60, 0, 0, 0, 0x0f, 0x05];
    const policy = "A = sys_number; A == getpid ? no : ok; ok: return ALLOW; no: return ERRNO(EPERM)";
    const { denials } = await Machine.run(elf(code), { policy, timeout: 60, hooks: { denied: () => void told++ } });
    expect(denials).toHaveLength(1000);
    expect(told).toBe(3000);
  });
  it("name a filter of the program's own, and strict mode", async () => {
    const own = await Machine.run(readFileSync(guestPath("a1-fixed")), { timeout: 20 });
    expect(own.denials[0]).toMatchObject({ abi: "i386", name: "getppid", verdict: "KILL_PROCESS", byPolicy: false, filter: 1 });
    expect(own.denials[0]?.program?.length).toBe(48);
  });
  it("are not made of calls that are allowed or logged; `logged` sees those", async () => {
    const seen: number[] = [];
    const { denials } = await Machine.run(await hello("syscall"), {
      policy: "return LOG",
      timeout: 20,
      hooks: { logged: ({ nr }) => void seen.push(nr) },
    });
    expect(denials).toEqual([]);
    expect(seen).toContain(1);
  });
});

const source = fileURLToPath(new URL("stack.c", import.meta.url));
const stackOf = (flags: readonly string[]) =>
  inFolder(async (folder) => {
    const file = join(folder, "prog");
    execFileSync("gcc", ["-O2", "-static", ...flags, "-o", file, source]);
    const { denials } = await Machine.run(readFileSync(file), { policy: noGetppid, timeout: 60 });
    return denials.map(({ stack }) => stack.map(({ symbol }) => symbol));
  });

describe.skipIf(missing("stacks of denials", gcc, gcc32))("stacks", () => {
  it.each([
    ["64-bit, by unwind tables", ["-fomit-frame-pointer"]],
    ["64-bit, by frame pointers", ["-fno-omit-frame-pointer", "-fno-asynchronous-unwind-tables"]],
    ["32-bit, by unwind tables", ["-m32", "-fomit-frame-pointer"]],
  ] as const)("%s", async (_, flags) => {
    const [plain, inHandler] = await stackOf(flags);
    const known = ["syscall", "inner", "middle", "handler", "main"];
    expect(plain?.filter((name) => known.includes(name ?? ""))).toEqual(["syscall", "inner", "middle", "main"]);
    expect(inHandler?.filter((name) => known.includes(name ?? ""))).toEqual(["syscall", "inner", "middle", "handler", "main"]);
    // The frames of the signal: its trampoline, raise(3), and the caller.
    expect(inHandler?.filter((name) => name === "outer" || name === "main")).toEqual(["outer", "main"]);
  });
});

/** An ELF64 file with one segment at 0x400000. */
function elf(code: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(120 + code.length);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, 0x400078n, true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 5, true);
  view.setBigUint64(80, 0x400000n, true);
  view.setBigUint64(88, 0x400000n, true);
  view.setBigUint64(96, BigInt(bytes.length), true);
  view.setBigUint64(104, BigInt(bytes.length), true);
  view.setBigUint64(112, 0x1000n, true);
  bytes.set(code, 120);
  return bytes;
}
