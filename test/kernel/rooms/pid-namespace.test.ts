// Numbers of tasks in nested pid namespaces. man 7 pid_namespaces. Calls: test/kernel/native/namespaces.c.
import { expect, test } from "vitest";
import { PidNamespace } from "../../../src/kernel/task/pid-namespace.ts";

const nested = () => {
  const top = new PidNamespace(undefined, undefined);
  const middle = new PidNamespace(top, undefined);
  const inner = new PidNamespace(middle, undefined);
  return { top, middle, inner };
};

test("a task has a number in its namespace and in each above; the initial one's is the kernel's", () => {
  const { top, middle, inner } = nested();
  middle.enter(40);
  inner.enter(41);
  expect([top, middle, inner].map((ns) => ns.numberOf(41))).toEqual([41, 2, 1]);
  expect([top, middle, inner].map((ns) => ns.numberOf(40))).toEqual([40, 1, 0]);
});

test("a number that a member passes leads to the task; 0 to none", () => {
  const { middle, inner } = nested();
  inner.enter(41);
  expect([inner.idOf(1), middle.idOf(1), inner.idOf(2), inner.idOf(0)]).toEqual([41, 41, 0, 0]);
});

test("numbers go up, and one that is in use is left out", () => {
  const { inner } = nested();
  for (const id of [10, 11, 12]) inner.enter(id);
  inner.leave(11);
  inner.enter(13);
  expect(inner.numberOf(13)).toBe(4);
  // /proc/sys/kernel/ns_last_pid
  inner.last = 0;
  inner.enter(14);
  expect(inner.numberOf(14)).toBe(2);
});

test("the end of a task frees its numbers in all namespaces", () => {
  const { middle, inner } = nested();
  inner.enter(41);
  inner.leave(41);
  expect([inner.idOf(1), middle.idOf(1)]).toEqual([0, 0]);
  expect([...inner.ids]).toEqual([]);
});

test("namespaces nest 32 deep. Linux MAX_PID_NS_LEVEL", () => {
  let ns = new PidNamespace(undefined, undefined);
  for (let level = 1; level <= 32; level++) ns = new PidNamespace(ns, undefined);
  expect(ns.tooDeep).toBe(false);
  expect(new PidNamespace(ns, undefined).tooDeep).toBe(true);
});
