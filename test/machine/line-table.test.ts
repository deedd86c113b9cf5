// Source lines of instructions by .debug_line, versions 2 to 5, against addr2line(1).
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lineOf, lineText } from "../../src/machine/stack/line-table.ts";
import { moduleOf } from "../../src/machine/stack/symbols.ts";
import type { Backing } from "../../src/memory/backing.ts";
import { gcc, missing, top } from "../support/host.ts";

const backingOf = (bytes: Uint8Array): Backing =>
  ({
    size: bytes.length,
    readPage: (index: number, into: Uint8Array) => {
      into.set(bytes.subarray(index * 4096, (index + 1) * 4096));
      return 0;
    },
  }) as unknown as Backing;

const run = (command: string, args: readonly string[], input = ""): string => execFileSync(command, args, { encoding: "utf8", input });

it.skipIf(missing("line tables", gcc)).each([
  ["-gdwarf-2", "-O0"],
  ["-gdwarf-3", "-O2"],
  ["-gdwarf-4", "-O0"],
  ["-gdwarf-4", "-O2"],
  ["-gdwarf-5", "-O0"],
  ["-gdwarf-5", "-O2"],
  ["-gdwarf-5", "-m32"],
])("lines of a program with %s %s are those of addr2line", (...flags) => {
  const folder = mkdtempSync(join(tmpdir(), "trapgate-lines-"));
  try {
    const file = join(folder, "program");
    const other = join(folder, "other.c");
    writeFileSync(other, "int other(int n) {\n  return n *\n    3;\n}\n");
    const m32 = flags.includes("-m32");
    const sources = m32 ? [other] : [join(top, "test/explore/programs/deadlock.c"), other];
    execFileSync("gcc", [...flags, "-pthread", ...(m32 ? ["-shared", "-nostdlib"] : []), "-o", file, ...sources]);
    const module = moduleOf(backingOf(readFileSync(file)));
    const text = module?.section(".text");
    if (!module || !text) throw new Error("no code");
    const addresses = Array.from({ length: text.size }, (_, i) => text.address + i);
    const expected = run("addr2line", ["-s", "-e", file], addresses.map((at) => at.toString(16)).join("\n"))
      .trim()
      .split("\n")
      .map((line) => line.replace(/ \(discriminator \d+\)/, ""))
      .map((line) => (/:(\?|0)$/.test(line) ? "" : line));
    const found = addresses.map((at) => {
      const line = lineOf(module, at);
      return line ? lineText(line) : "";
    });
    expect(found).toEqual(expected);
    expect(new Set(found).size).toBeGreaterThan(m32 ? 2 : 10);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
