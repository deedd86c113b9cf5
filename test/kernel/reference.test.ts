// docs/reference/syscalls.md and `trapgate syscalls` equal the current declarations.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { i386, x32, x64 } from "../../src/abi/abi.ts";
import { calls } from "../../src/kernel/calls/index.ts";
import { syscallReference } from "../../src/kernel/show/syscall-reference.ts";
import { dispatchTable } from "../../src/kernel/syscall/declaration.ts";
import { syscallsPage } from "../../tools/syscalls.ts";

it("is up to date (npm run docs)", () => {
  expect(readFileSync(new URL("../../docs/reference/syscalls.md", import.meta.url), "utf8")).toBe(syscallsPage());
});

it.each([x64, i386])("says of every number of $name whether the gate serves it", (abi) => {
  const table = dispatchTable(calls, abi);
  for (const { nr, name, status } of syscallReference(abi)) {
    expect([name, status === "complete" || status === "partial"]).toEqual([name, table[nr] !== undefined]);
  }
});

it("has the numbers of x32: its own from 512, and none of those that they replace", () => {
  const x32Calls = new Map(syscallReference(x32).map(({ name, nr }) => [name, nr - 0x4000_0000]));
  expect([x32Calls.get("read"), x32Calls.get("readv"), x32Calls.get("pwritev2")]).toEqual([0, 515, 547]);
});

it("has a type for every argument and a remark for every call that is not complete", () => {
  for (const abi of [x64, i386, x32])
    for (const { name, args, status, remark } of syscallReference(abi)) {
      expect([name, args.filter((arg) => !/^\S.*[\s*]\w+$/.test(arg))]).toEqual([name, []]);
      expect([name, remark !== ""]).toEqual([name, status !== "complete"]);
    }
});
