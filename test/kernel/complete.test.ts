import { expect, test } from "vitest";
import { i386, x64 } from "../../src/abi/abi.ts";
import { type SyscallName, syscallNumbers } from "../../src/abi/numbers.ts";
import { calls } from "../../src/kernel/calls/index.ts";
import { dispatchTable } from "../../src/kernel/syscall/declaration.ts";
import { missing } from "../../src/kernel/syscall/missing.ts";

const reasons = new Map(missing.flatMap(({ names, reason }) => names.map((name) => [name, reason] as const)));

test.each([x64, i386])("every number of $name is declared, or stands in the list of missing calls with a reason", (abi) => {
  const table = dispatchTable(calls, abi);
  const open = Object.entries(syscallNumbers)
    .filter(([name, columns]) => columns[abi.column] !== null && !table[columns[abi.column] as number] && !reasons.has(name as SyscallName))
    .map(([name]) => name);
  expect(open).toEqual([]);
});

test("a call that is declared for every ABI it has a number in is not listed as missing", () => {
  const tables = [x64, i386].map((abi) => ({ abi, table: dispatchTable(calls, abi) }));
  const both = [...reasons.keys()].filter((name) =>
    tables.every(({ abi, table }) => {
      const nr = syscallNumbers[name][abi.column];
      return nr === null || table[nr] !== undefined;
    }),
  );
  expect(both).toEqual([]);
});

test("no call stands in the list of missing ones twice", () => {
  const names = missing.flatMap((m) => m.names);
  expect(names.filter((n, i) => names.indexOf(n) !== i)).toEqual([]);
});
