// The native kernel and processor do as the catalogue expects under `upstream`.
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import type { Vendor } from "../../src/cpu/machine/model.ts";
import { catalogue } from "../../src/landmines/catalogue/index.ts";
import { expectedOf, guestFile } from "../../src/landmines/catalogue/landmine.ts";
import { missing, nativeX64, top } from "../support/host.ts";
import { nativeVendor, runNative } from "../support/native.ts";

const program = (file: string): string => join(top, "guest", "bin", file);

const vendor = nativeVendor();

describe.skipIf(missing("guests run natively", nativeX64))("natively", () => {
  for (const mine of catalogue) {
    for (const variant of ["weak", "fixed"] as const) {
      const of = (v: Vendor) => expectedOf(mine, { profile: "upstream", vendor: v })?.[variant];
      // A processor of another vendor judges the guests that do the same on all.
      const expected = vendor !== undefined ? of(vendor) : isDeepStrictEqual(of("amd"), of("intel")) ? of("amd") : undefined;
      if (!expected) continue;
      it(`${mine.id}, ${variant} policy: ${mine.title}`, () => {
        const { stdout, end } = runNative(program(guestFile(mine, "upstream", variant)));
        expect({ stdout, end }).toEqual({ stdout: expected.stdout, end: expected.end });
      });
    }
  }

  it.each(["hello-syscall", "hello-int80-64", "hello-int80-32", "hello-vdso32"])("%s says hello", (file) => {
    expect(runNative(program(file))).toMatchObject({ end: 0, stdout: expect.stringMatching(/^hello through /) });
  });
  it.each(["libc-start", "libc-start32", "libc-usual", "loops", "loops32"])("%s does what programs do, and says nothing", (file) => {
    expect(runNative(program(file))).toMatchObject({ end: 0, stdout: "" });
  });
  it.runIf(vendor !== undefined)("a bare SYSCALL in 32-bit code says hello on AMD and is undefined on Intel", () => {
    const { stdout, end } = runNative(program("hello-syscall32"));
    expect({ stdout, end }).toEqual(
      vendor === "amd" ? { stdout: "hello through syscall from 32-bit code\n", end: 0 } : { stdout: "", end: "SIGILL" },
    );
  });
});
