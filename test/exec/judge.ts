// Runs execdump.c and compares the state after the host's execve with ours.
import { execFileSync, spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync, realpathSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { E } from "../../src/abi/errno.ts";
import { AT } from "../../src/kernel/exec/auxv.ts";
import { type ExecError, type LoadedImage, load } from "../../src/kernel/exec/load.ts";
import { listOf } from "../../src/kernel/exec/strings.ts";
import type { MappedFile } from "../../src/memory/backing.ts";
import { defaultLimits } from "../../src/memory/limits.ts";
import { procMaps } from "../../src/memory/show/maps.ts";
import { mapped, TestFile, type World } from "../memory/world.ts";

export const source = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

export const ENVIRONMENT = ["A=1", "LONG=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] as const;

/** The outcome of one execve, as comparable text. */
export interface Outcome {
  readonly head: string;
  readonly maps: string;
  /** The stack from the stack pointer up, hex. */
  readonly stack: string;
}

export const buildDumper = (dir: string): string => {
  const out = join(dir, "execdump");
  execFileSync("gcc", ["-O1", "-o", out, source("execdump.c")]);
  return out;
};

/** Device and inode are not ours to predict. */
const comparable = (maps: string): string => maps.replace(/ [0-9a-f]+:[0-9a-f]+ \d+ +/g, " ").trimEnd();

export const natively = (dumper: string, paths: readonly string[], args: readonly string[]): Outcome[] => {
  const ran = spawnSync(dumper, args, {
    input: paths.map((p) => `${p}\n`).join(""),
    encoding: "latin1",
    env: {},
    maxBuffer: 1 << 29,
    timeout: 60_000,
  });
  if (ran.status !== 0) throw new Error(`execdump ended with ${ran.signal ?? ran.status}`);
  return ran.stdout
    .split("\nend\n")
    .slice(0, -1)
    .map((block) => {
      const lines = block.split("\n");
      return {
        head: lines[0] ?? "",
        maps: comparable(lines.slice(1, -1).join("\n")),
        stack: withoutChance(lines.at(-1) ?? "", lines[0] ?? ""),
      };
    });
};

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (h) => Number.parseInt(h, 16));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Offset of the auxiliary vector in a stack image. */
const auxvOffset = (stack: Uint8Array, long: 4 | 8): number => {
  const v = new DataView(stack.buffer, stack.byteOffset, stack.byteLength);
  const word = (at: number): number => (long === 8 ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true));
  let at = long * (1 + word(0) + 1);
  while (word(at) !== 0) at += long;
  return at + long;
};

/** The auxiliary vector on a stack image. */
const auxvOf = (stack: Uint8Array, long: 4 | 8): Map<number, number> => {
  const v = new DataView(stack.buffer, stack.byteOffset, stack.byteLength);
  const word = (at: number): number => (long === 8 ? Number(v.getBigUint64(at, true)) : v.getUint32(at, true));
  const pairs = new Map<number, number>();
  for (let at = auxvOffset(stack, long); word(at) !== AT.NULL; at += 2 * long) pairs.set(word(at), word(at + long));
  return pairs;
};

const wordSize = (head: string): 4 | 8 => ((head.split(" ")[2]?.length ?? 0) > 8 ? 8 : 4);

/**
 * Removes values that differ between two kernels: the random bytes, and the position of __kernel_vsyscall in
 * the vDSO.
 */
const withoutChance = (hex: string, head: string): string => {
  if (!head.startsWith("start")) return "";
  const stack = bytesOf(hex);
  // A program may have mapped itself over its stack.
  if (stack.length < 200) return hex;
  const auxv = auxvOffset(stack, wordSize(head));
  if (stack[auxv] === AT.SYSINFO) stack.fill(0, auxv + 4, auxv + 8);
  const random = auxvOf(stack, wordSize(head)).get(AT.RANDOM) ?? 0;
  const sp = Number.parseInt(head.split(" ")[2] ?? "", 16);
  stack.fill(0, random - sp, random - sp + 16);
  return hexOf(stack);
};

/** open_exec() on the host's files. */
const openHost = (path: string): MappedFile | number => {
  try {
    if (!statSync(path).isFile()) return -E.EACCES;
    accessSync(path, constants.X_OK);
    return mapped(new TestFile(readFileSync(path)), realpathSync(path), true, false);
  } catch {
    return path.length > 255 && path.split("/").some((name) => name.length > 255) ? -E.ENAMETOOLONG : -E.ENOENT;
  }
};

/** The host's description of its processor, so that ours is the same. */
export interface Processor {
  readonly hwcap: number;
  readonly hwcap2: number;
  readonly minSigStack: number;
}
export const processorOf = (native: Outcome): Processor => {
  const auxv = auxvOf(bytesOf(native.stack), wordSize(native.head));
  return { hwcap: auxv.get(AT.HWCAP) ?? 0, hwcap2: auxv.get(AT.HWCAP2) ?? 0, minSigStack: auxv.get(AT.MINSIGSTKSZ) ?? 0 };
};

export const oursRaw = (
  { frames, vdso }: World,
  path: string,
  args: readonly string[],
  cpu: Processor,
  canonical = path,
): LoadedImage | ExecError =>
  load({
    frames,
    vdso,
    file: mapped(new TestFile(readFileSync(path)), canonical, true, false),
    openInterpreter: openHost,
    argv: listOf([path, ...args]),
    envp: listOf(ENVIRONMENT),
    execFn: path,
    uid: 0,
    euid: 0,
    gid: 0,
    egid: 0,
    secure: false,
    random: new Uint8Array(16),
    ia32: true,
    x32: false,
    cpu,
    limits: defaultLimits,
  });

export const ours = (w: World, path: string, args: readonly string[], cpu: Processor, canonical = path): Outcome => {
  const image = oursRaw(w, path, args, cpu, canonical);
  if ("errno" in image) return { head: image.fatal ? "signal 11" : `errno ${image.errno}`, maps: "", stack: "" };
  const { space, entry, stackPointer } = image;
  const top = space.find(stackPointer)?.end ?? stackPointer;
  const head = `start ${entry.toString(16)} ${stackPointer.toString(16)}`;
  const stack = withoutChance(hexOf(space.read(stackPointer, top - stackPointer) ?? new Uint8Array(0)), head);
  const outcome = { head, maps: comparable(procMaps(space, image.abi.long === 8 ? "--xp" : undefined)), stack };
  space.release();
  return outcome;
};
