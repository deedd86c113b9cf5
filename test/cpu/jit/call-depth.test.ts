// Large functions that call each other deeply. Guest calls are wasm calls only up to a depth that V8's stack
// allows.
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { inFolder, runHosted } from "../../support/guest.ts";
import { gcc, missing, nativeX64 } from "../../support/host.ts";

const count = (n: number, text: (i: number) => string): string => Array.from({ length: n }, (_, i) => text(i)).join("");

/** A function with many live values in registers and many branches, which calls another one. */
const large = (name: string, other: string): string => `
  __attribute__((noinline)) double ${name}(long n, double *a, long *b) {
    if (n <= 0) return a[0];
    ${count(14, (i) => `long v${i} = b[${i}];`)} ${count(16, (i) => `double x${i} = a[${i}];`)}
    ${count(60, (k) => {
      const [i, j, p, q] = [k % 14, (k * 5 + 3) % 14, (k * 7) % 16, (k * 3 + 1) % 16];
      return `if (v${i} > v${j}) { v${j} += v${i} * ${k + 3}; x${p} += x${q} * 1.5; b[${i}] ^= v${j}; } else { x${q} -= x${p}; a[${p}] += x${q}; }`;
    })}
    double r = ${other}(n - 1, a, b);
    return r ${count(14, (i) => `+ v${i}`)} ${count(16, (i) => `+ x${i}`)};
  }`;
const program = `
  #include <stdio.h>
  double g(long, double *, long *);
  ${large("f", "g")} ${large("g", "f")}
  int main(void) {
    static double a[16]; static long b[16]; double t = 0;
    for (int k = 0; k < 200; k++) {
      for (int i = 0; i < 16; i++) { a[i] = i + k; b[i] = i * 37 % 11; }
      t = t / 2 + f(1000, a, b);
    }
    printf("%a\\n", t);
  }`;

describe.skipIf(missing("deep calls", nativeX64, gcc))("large functions that call each other a thousand deep", { timeout: 60_000 }, () => {
  it("return what they return natively", async () => {
    await inFolder(async (folder) => {
      const file = join(folder, "deep");
      writeFileSync(`${file}.c`, program);
      const built = spawnSync("gcc", ["-O2", "-static", "-w", "-o", file, `${file}.c`], { encoding: "utf8" });
      expect(built.stderr).toBe("");
      const native = spawnSync(file, { encoding: "utf8" }).stdout;
      const run = await runHosted(folder, file);
      expect(run.stdout.text).toBe(native);
    });
  });
});
