// The order of accesses of a failing schedule: a loop that spins is one line.
import { describe, expect, it } from "vitest";
import { columns } from "../../src/machine/explore/columns.ts";
import type { Step } from "../../src/machine/explore/run/notes.ts";

const space = {};
const access = (pid: number, n: number, name: string, writes = false): Step => {
  const event = { ip: 100 + name.charCodeAt(0), space, address: 4 * name.charCodeAt(0), bytes: 4, writes, reads: !writes };
  return { pid, place: `${pid}@${n}`, event, text: `${writes ? "write" : "read"} ${name} (f)` };
};
const times = (n: number, make: (i: number) => Step[]): Step[] => Array.from({ length: n }, (_, i) => make(i)).flat();
const departures = [{ point: "3@0", task: 4 }];

describe("the order of accesses", () => {
  it("has one line for a loop that spins, with the task that ends it", () => {
    const last = access(3, 99, "a");
    const steps = [access(3, 0, "b"), ...times(37, (i) => [access(3, i, "a")]), access(4, 5, "a", true), last, access(3, 100, "c", true)];
    expect(columns(steps, departures, new Set([last]))).toEqual([
      "  task 3                              task 4",
      "  read b (f)",
      "  spins 37 times on a (f) until task 4 writes",
      `${" ".repeat(36)}  write a (f)`,
      "* read a (f)",
      "  write c (f)",
    ]);
  });
  it("knows loops of a few reads, and tells twice from a loop", () => {
    const steps = [...times(5, (i) => [access(3, i, "a"), access(3, i, "b")]), access(4, 1, "c"), access(4, 2, "c")];
    expect(columns(steps, departures, new Set()).slice(1)).toEqual([
      "  spins 5 times on a (f), b (f) to the end",
      `${" ".repeat(36)}  read c (f)`,
      `${" ".repeat(36)}  read c (f)`,
    ]);
  });
});
