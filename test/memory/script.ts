// The script language of memcalls.c over an AddressSpace. It prints the lines that the native program should
// print.
import { access } from "../../src/cpu/machine/mmu.ts";
import * as calls from "../../src/memory/calls/index.ts";
import { procMaps } from "../../src/memory/show/maps.ts";
import type { AddressSpace } from "../../src/memory/space.ts";
import { mapped, type TestFile } from "./world.ts";

/** The result of a command: a number, or the text that replaces it. */
type Command = (a: readonly number[]) => number | string;

const commandsFor = (space: AddressSpace, data: TestFile, path: string, bits: 32 | 64): Record<string, Command> => {
  const compat = bits === 32;
  const files = [undefined, mapped(data, path), mapped(data, path, true, false), mapped(data, path, false, true)];
  const arg = (a: readonly number[], i: number): number => a[i] ?? 0;
  const touch = (at: number, kind: 0 | 1): number | string => {
    const found = space.translate(at, kind);
    if (found >= 0) return found - (found % 4096) + (at % 4096);
    const info = space.faultInfo(at, -found - 1);
    return info === undefined ? "a fault that is none" : `signal ${info.signal} code ${info.code}`;
  };
  return {
    map: (a) =>
      calls.mmap(space, {
        at: arg(a, 0),
        length: arg(a, 1),
        prot: arg(a, 2),
        flags: arg(a, 3),
        file: files[arg(a, 4)],
        offset: compat ? Math.floor(arg(a, 5) / 4096) * 4096 : arg(a, 5),
        compat,
      }),
    unmap: (a) => calls.munmap(space, arg(a, 0), arg(a, 1)),
    protect: (a) => calls.mprotect(space, arg(a, 0), arg(a, 1), arg(a, 2)),
    remap: (a) => calls.mremap(space, arg(a, 0), arg(a, 1), arg(a, 2), arg(a, 3), arg(a, 4), compat),
    advise: (a) => calls.madvise(space, arg(a, 0), arg(a, 1), arg(a, 2)),
    sync: (a) => calls.msync(space, arg(a, 0), arg(a, 1), arg(a, 2)),
    core: (a) => Math.min(0, calls.mincore(space, arg(a, 0), arg(a, 1), arg(a, 2))),
    brk: (a) => calls.brk(space, arg(a, 0)),
    lock: (a) => calls.mlock(space, arg(a, 0), arg(a, 1)),
    lock2: (a) => calls.mlock(space, arg(a, 0), arg(a, 1), arg(a, 2)),
    unlock: (a) => calls.munlock(space, arg(a, 0), arg(a, 1)),
    lockall: (a) => calls.mlockall(space, arg(a, 0)),
    unlockall: () => calls.munlockall(space),
    peek: (a) => {
      const byte = space.u8(arg(a, 0));
      return byte < 0 ? -14 : byte;
    },
    poke: (a) => (space.setU8(arg(a, 0), arg(a, 1)) ? 1 : -14),
    load: (a) => {
      const where = touch(arg(a, 0), access.read);
      return typeof where === "string" ? where : (space.frames.u8[where] as number);
    },
    store: (a) => {
      const where = touch(arg(a, 0), access.write);
      if (typeof where === "string") return where;
      space.frames.u8[where] = arg(a, 1);
      return 0;
    },
    trunc: (a) => {
      data.truncate(arg(a, 0));
      return 0;
    },
    pread: (a) => data.pread(arg(a, 0), 1)[0] ?? 0x1000,
    pwrite: (a) => {
      data.pwrite(arg(a, 0), Uint8Array.of(arg(a, 1)));
      return 1;
    },
    maps: () => `${procMaps(space, bits === 64 ? "--xp" : undefined)}0`,
  };
};

const term = (text: string, results: readonly number[]): number => {
  if (!text.startsWith("@")) return Number.parseInt(text, 16);
  return Math.max(0, results[Number.parseInt(text.slice(1), 16)] ?? 0);
};

/** One line of output for each line of the script, as the native program gives it. */
export const interpret = (space: AddressSpace, data: TestFile, path: string, bits: 32 | 64, script: string): string[] => {
  const commands = commandsFor(space, data, path, bits);
  const results: number[] = [];
  return script
    .trimEnd()
    .split("\n")
    .map((line) => {
      const [name = "", ...words] = line.split(" ");
      const word = 2 ** bits;
      const args = words.map((w) => w.split("+").reduce((sum, t) => sum + term(t, results), 0) % word);
      const result = commands[name]?.(args) ?? -38;
      results.push(typeof result === "number" ? result : 0);
      return typeof result === "string" ? result : result < 0 ? String(result) : result.toString(16);
    });
};
