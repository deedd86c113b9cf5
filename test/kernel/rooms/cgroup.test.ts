// Control groups of version 2. man 7 cgroups; Linux kernel/cgroup/cgroup.c. Their files:
// test/kernel/native/cgroups.c.
import { expect, test } from "vitest";
import { E } from "../../../src/abi/errno.ts";
import { type Cgroup, cgroupText } from "../../../src/kernel/cgroup/cgroup.ts";
import { fixture } from "../fixture.ts";

const made = (parent: Cgroup, name: string): Cgroup => {
  const group = parent.make(name);
  if (typeof group === "number") throw new Error(`mkdir: ${group}`);
  return group;
};

test("a group with processes or groups is not removed: EBUSY", () => {
  const { kernel, process } = fixture();
  const a = made(kernel.cgroups, "a");
  const b = made(a, "b");
  expect(a.remove()).toBe(-E.EBUSY);
  expect(b.take(process)).toBe(0);
  expect(b.remove()).toBe(-E.EBUSY);
  expect(kernel.cgroups.take(process)).toBe(0);
  expect([b.remove(), a.remove()]).toEqual([0, 0]);
  expect(a.make("c")).toBe(-E.ENOENT);
});

test("cgroup.events changes where the first process comes and the last one leaves, up to the root", () => {
  const { kernel, process } = fixture();
  const a = made(kernel.cgroups, "a");
  const b = made(a, "b");
  const events = () => [a, b].map(({ populated, populatedChanges }) => [populated, populatedChanges.events]);
  expect(events()).toEqual([
    [false, 0],
    [false, 0],
  ]);
  b.take(process);
  expect(events()).toEqual([
    [true, 1],
    [true, 1],
  ]);
  a.take(process);
  expect(events()).toEqual([
    [true, 3],
    [false, 2],
  ]);
});

test("a controller is given from the top down, and taken from the bottom up", () => {
  const { kernel } = fixture();
  const a = made(kernel.cgroups, "a");
  const b = made(a, "b");
  expect(a.control(["pids"], [])).toBe(-E.ENOENT);
  expect(kernel.cgroups.control(["pids"], [])).toBe(0);
  expect(a.control(["pids"], [])).toBe(0);
  expect(b.controllers).toEqual(["pids"]);
  expect(kernel.cgroups.control([], ["pids"])).toBe(-E.EBUSY);
});

test("no process in a group that gives controllers to its children: EBUSY", () => {
  const { kernel, process } = fixture();
  kernel.cgroups.control(["pids"], []);
  const a = made(kernel.cgroups, "a");
  made(a, "b");
  a.control(["pids"], []);
  expect(a.take(process)).toBe(-E.EBUSY);
});

test("pids.max of each group above refuses a task, and counts its refusals", () => {
  const { kernel, process } = fixture();
  const a = made(kernel.cgroups, "a");
  const b = made(a, "b");
  b.take(process);
  a.pidsMax = 2;
  expect(b.mayFork()).toBe(true);
  a.pidsMax = 1;
  expect(b.mayFork()).toBe(false);
  expect([a.refused, b.refused]).toEqual([1, 0]);
});

test("/proc/PID/cgroup is relative to the root of the reader's namespace", () => {
  const { kernel, process } = fixture();
  const a = made(kernel.cgroups, "a");
  const b = made(a, "b");
  const other = made(kernel.cgroups, "other");
  b.take(process);
  expect([kernel.cgroups, a, b, other].map((root) => cgroupText(process, root))).toEqual([
    "0::/a/b\n",
    "0::/b\n",
    "0::/\n",
    "0::/../a/b\n",
  ]);
});
