// The vDSO images, run by the host's processor: the clocks follow the time stamp counter as the page of
// parameters says.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { i386, x64 } from "../../src/abi/abi.ts";
import { dynamicSymbols } from "../../src/kernel/exec/symbols.ts";
import { type FastEntry, type TimeParameters, Vdso } from "../../src/kernel/exec/vdso.ts";
import { vdso32, vdso64 } from "../../src/kernel/exec/vdso-images.ts";
import { layoutFor } from "../../src/memory/layout.ts";
import { AddressSpace } from "../../src/memory/space.ts";
import { canJudge, scratch, write } from "../memory/native.ts";
import { world } from "../memory/world.ts";
import { source } from "./judge.ts";

const judge = canJudge();
const dir = judge ? scratch() : "";

const mappedVdso = (bits: 32 | 64, entry: FastEntry = "none") => {
  const { frames } = world(4 << 20);
  const vdso = new Vdso(frames, entry);
  const space = new AddressSpace(frames, layoutFor(bits, 8 << 20));
  const at = vdso.map(space, bits === 64 ? x64 : i386);
  if (typeof at === "number") throw new Error(`mapping the vDSO failed with ${at}`);
  return { vdso, space, at };
};

/** The two pages of the image and the page of parameters, as a program sees them. */
const seen = (bits: 32 | 64, p: TimeParameters): { image: Uint8Array; page: Uint8Array } => {
  const { vdso, space, at } = mappedVdso(bits);
  // Published before a read, and again after it: the page follows.
  vdso.setTime({ ...p, monotonicNs: 0n });
  space.u8(at.base - 6 * 4096);
  vdso.setTime(p);
  const image = new Uint8Array(4096);
  expect(space.readSome(at.base, image)).toBe(4096);
  return { image, page: space.read(at.base - 6 * 4096, 4096) as Uint8Array };
};

const parameters: TimeParameters = {
  tscBase: 12_345_678n,
  tscMult: 1_431_655_765,
  tscShift: 32,
  monotonicNs: 5_000_000_000n,
  realtimeOffsetNs: 1_700_000_000_123_456_789n,
  taiOffsetNs: 37_000_000_000n,
};
const nsAt = (tsc: bigint, p = parameters): bigint => p.monotonicNs + (((tsc - p.tscBase) * BigInt(p.tscMult)) >> BigInt(p.tscShift));
const offsets: Record<number, bigint> = {
  0: parameters.realtimeOffsetNs,
  1: 0n,
  4: 0n,
  7: 0n,
  11: parameters.realtimeOffsetNs + 37_000_000_000n,
};

describe.skipIf(!judge).each([64, 32] as const)("the %i-bit vDSO", (bits) => {
  const run = (): string[][] => {
    const { image, page } = seen(bits, parameters);
    const program = join(dir, `vdso${bits}`);
    execFileSync("gcc", [`-m${bits}`, "-O1", "-o", program, source("vdso.c")]);
    const ran = spawnSync(program, [write(dir, `image${bits}`, image)], { input: page, encoding: "latin1" });
    expect(ran.status).toBe(0);
    return ran.stdout
      .trimEnd()
      .split("\n")
      .map((l) => l.split(" "));
  };
  const lines = judge ? run() : [];
  const clocks = lines.filter((l) => l[0] === "clock");

  test.each(Object.keys(offsets).map(Number))("clock %i is the counter, scaled and offset", (clock) => {
    const [, , error, sec, nsec, before, after, , , resolution] = clocks[clock] as string[];
    const ns = BigInt(sec as string) * 1_000_000_000n + BigInt(nsec as string) - (offsets[clock] as bigint);
    expect(error).toBe("0");
    expect(ns >= nsAt(BigInt(before as string)) && ns <= nsAt(BigInt(after as string))).toBe(true);
    expect(resolution).toBe("1");
  });

  test.each([
    [5, parameters.realtimeOffsetNs],
    [6, 0n],
  ] as const)("coarse clock %i stands still between ticks of 4 ms", (clock, offset) => {
    const [, , error, sec, nsec, before, after, , , resolution] = clocks[clock] as string[];
    const ns = BigInt(sec as string) * 1_000_000_000n + BigInt(nsec as string) - offset;
    const tick = (t: bigint): bigint => t - (t % 4_000_000n);
    expect(error).toBe("0");
    expect([tick(nsAt(BigInt(before as string))), tick(nsAt(BigInt(after as string)))]).toContain(ns);
    expect(resolution).toBe("4000000");
  });

  test("clocks that it does not know are the kernel's: process time is answered, clock 10 is EINVAL", () => {
    expect(clocks[2]?.[2]).toBe("0");
    expect(clocks[10]?.[2]).toBe("-22");
    expect(clocks[10]?.[7]).toBe("-22");
  });

  test("gettimeofday, time and getcpu agree with it", () => {
    const find = (name: string): string[] => lines.find((l) => l[0] === name) as string[];
    const [, error, sec, usec, before, after, west, dst] = find("day");
    const us = BigInt(sec as string) * 1_000_000n + BigInt(usec as string);
    const wall = (tsc: string | undefined): bigint => (nsAt(BigInt(tsc as string)) + parameters.realtimeOffsetNs) / 1000n;
    expect([error, west, dst]).toEqual(["0", "0", "0"]);
    expect(us >= wall(before) && us <= wall(after)).toBe(true);
    expect(find("seconds")[1]).toBe("1");
    const [, failed, cpu, , last] = find("cpu");
    expect([failed, cpu]).toEqual(["0", last]);
    if (bits === 32) expect(find("wide")[2]).toBe(sec);
  });

  test("is built from the sources beside it, byte for byte", () => {
    const built = execFileSync(source("../../src/kernel/exec/vdso/build.sh"), { encoding: "latin1" });
    const compiler = execFileSync("gcc", ["-dumpversion"], { encoding: "latin1" }).trim();
    if (compiler === "12") expect(built).toBe(readFileSync(source("../../src/kernel/exec/vdso-images.ts"), "latin1"));
    else console.warn(`SKIPPED: the committed images were built by gcc 12, this is ${compiler}`);
  });
});

const bytes = (base64: string): Uint8Array => Uint8Array.from(Buffer.from(base64, "base64"));

test("the 64-bit image has the symbols that glibc and musl look for", () => {
  expect([...dynamicSymbols(bytes(vdso64)).keys()].filter((n) => n.startsWith("__vdso")).sort()).toEqual([
    "__vdso_clock_getres",
    "__vdso_clock_gettime",
    "__vdso_getcpu",
    "__vdso_getrandom",
    "__vdso_gettimeofday",
    "__vdso_time",
  ]);
});

test("the signal trampolines of i386 are the bytes by which unwinders know them", () => {
  const image = bytes(vdso32);
  const symbols = dynamicSymbols(image);
  const code = (name: string, n: number): number[] => [...image.subarray(symbols.get(name), (symbols.get(name) ?? 0) + n)];
  expect(code("__kernel_sigreturn", 8)).toEqual([0x58, 0xb8, 119, 0, 0, 0, 0xcd, 0x80]);
  expect(code("__kernel_rt_sigreturn", 7)).toEqual([0xb8, 173, 0, 0, 0, 0xcd, 0x80]);
});

test.each([
  ["intel", [0x51, 0x52, 0x55, 0x89, 0xe5, 0x0f, 0x34, 0xcd, 0x80, 0x5d]],
  ["amd", [0x51, 0x52, 0x55, 0x89, 0xcd, 0x0f, 0x05, 0xcd, 0x80, 0x5d]],
] as const)("__kernel_vsyscall of an %s processor uses its fast entry, and the landing pad follows the int $0x80", (vendor, code) => {
  const { space, at } = mappedVdso(32, vendor);
  expect([...(space.read(at.kernelVsyscall, 10) ?? [])]).toEqual(code);
  expect(at.landingPad - at.kernelVsyscall).toBe(9);
  // 64-bit code that enters by SYSENTER comes back where the 32-bit image would have it, cut to 32 bits.
  const long = mappedVdso(64).at;
  expect(long.landingPad).toBe((long.base + at.landingPad - at.base) % 2 ** 32);
});
