// The queues of futexes. man 2 futex; Linux kernel/futex/. Calls on them: test/kernel/native/futex2.c,
// waits.c.
import { expect, test } from "vitest";
import { FutexWaiter } from "../../../src/kernel/futex/table.ts";
import { mmap } from "../../../src/memory/calls/index.ts";
import { fixture, STACK } from "../fixture.ts";

const ANY = 0xffff_ffff;
const ADDRESS = STACK - 4096;
const SCHED_FIFO = 1;

const queueAt = ({ kernel, task }: ReturnType<typeof fixture>, address = ADDRESS) => {
  const queue = kernel.futexes.queue(task.mem, address);
  if (!queue) throw new Error("not mapped");
  return queue;
};

test("an unmapped address has no queue: EFAULT", () => {
  const { kernel, task } = fixture();
  expect(kernel.futexes.queue(task.mem, 0x7000_0000)).toBeUndefined();
});

test("waiters of an address share a queue, which is gone when the last one leaves", () => {
  const f = fixture();
  const first = queueAt(f);
  const waiter = new FutexWaiter(f.task, ANY);
  first.add(waiter);
  expect(queueAt(f)).toBe(first);
  expect(queueAt(f, ADDRESS + 4)).not.toBe(first);
  waiter.drop();
  expect(queueAt(f)).not.toBe(first);
});

test("FUTEX_WAKE wakes in the order of arrival, at most the given number", () => {
  const f = fixture();
  const queue = queueAt(f);
  const waiters = [1, 2, 3].map(() => new FutexWaiter(f.task, ANY));
  for (const waiter of waiters) queue.add(waiter);
  expect(queue.wake(2, ANY)).toBe(2);
  expect([...queue.waiters]).toEqual([waiters[2]]);
  expect(queue.wake(5, ANY)).toBe(1);
  expect(queue.wake(1, ANY)).toBe(0);
});

test("FUTEX_WAKE_BITSET wakes only waiters with a common bit", () => {
  const f = fixture();
  const queue = queueAt(f);
  const [low, high] = [new FutexWaiter(f.task, 1), new FutexWaiter(f.task, 2)];
  queue.add(low);
  queue.add(high);
  expect(queue.wake(9, 2)).toBe(1);
  expect([...queue.waiters]).toEqual([low]);
});

test("a waiter of a real-time policy comes before ordinary ones", () => {
  const f = fixture();
  const queue = queueAt(f);
  const ordinary = new FutexWaiter(f.task, ANY);
  queue.add(ordinary);
  f.task.policy = SCHED_FIFO;
  f.task.priority = 10;
  const urgent = new FutexWaiter(f.task, ANY);
  queue.add(urgent);
  expect([...queue.waiters]).toEqual([urgent, ordinary]);
});

test("FUTEX_REQUEUE moves waiters to another address, and none to its own", () => {
  const f = fixture();
  const [from, to] = [queueAt(f), queueAt(f, ADDRESS + 4)];
  const waiters = [1, 2].map(() => new FutexWaiter(f.task, ANY));
  for (const waiter of waiters) from.add(waiter);
  expect(from.requeue(1, from)).toBe(0);
  expect(from.requeue(1, to)).toBe(1);
  expect([[...from.waiters], [...to.waiters]]).toEqual([[waiters[1]], [waiters[0]]]);
  expect(to.wake(1, ANY)).toBe(1);
});

test("a page that two addresses share is one futex; private pages are two", () => {
  const f = fixture();
  const SHARED_ANONYMOUS = 0x21;
  const at = mmap(f.task.mem, { at: 0, length: 4096, prot: 3, flags: SHARED_ANONYMOUS, offset: 0, compat: false });
  const child = f.task.mem.fork();
  f.task.mem.write(at, new Uint8Array(4));
  const waiter = new FutexWaiter(f.task, ANY);
  queueAt(f, at).add(waiter);
  expect([...(f.kernel.futexes.queue(child, at)?.waiters ?? [])]).toEqual([waiter]);
  queueAt(f).add(new FutexWaiter(f.task, ANY));
  expect([...(f.kernel.futexes.queue(child, ADDRESS)?.waiters ?? [])]).toEqual([]);
});
