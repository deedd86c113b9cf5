import { fc } from "@fast-check/vitest";
import { expect, test } from "vitest";
import { type Timer, Timers } from "../../src/kernel/timer/timers.ts";

const recorder =
  (log: string[]) =>
  (name: string): Timer => ({ fire: (now) => void log.push(`${name}@${now}`) });

test("timers fire in order of time, and at equal times in the order in which they were set", () => {
  const log: string[] = [];
  const timer = recorder(log);
  const timers = new Timers();
  for (const [name, at] of [
    ["c", 30],
    ["a", 10],
    ["d", 30],
    ["b", 20],
  ] as const)
    timers.set(timer(name), at);
  expect(timers.next).toBe(10);
  timers.run({ now: 25 });
  expect(log).toEqual(["a@25", "b@25"]);
  timers.run({ now: 30 });
  expect(log.slice(2)).toEqual(["c@30", "d@30"]);
  expect(timers.next).toBe(Infinity);
});

test("a timer that is set again moves, and one that is cancelled never fires", () => {
  const log: string[] = [];
  const timer = recorder(log);
  const timers = new Timers();
  const [moved, cancelled] = [timer("moved"), timer("cancelled")];
  timers.set(moved, 5);
  timers.set(cancelled, 6);
  timers.set(moved, 50);
  timers.cancel(cancelled);
  expect(timers.next).toBe(50);
  timers.run({ now: 49 });
  expect(log).toEqual([]);
  timers.run({ now: 50 });
  expect(log).toEqual(["moved@50"]);
});

test("timers that take long fire in pieces, those that were due at the first piece before all others", () => {
  const log: string[] = [];
  const clock = { now: 10 };
  const timers = new Timers();
  const slow = (name: string): Timer => ({
    fire: () => {
      log.push(name);
      clock.now += 80_000;
    },
  });
  for (const name of ["a", "b", "c", "d"]) timers.set(slow(name), 10);
  timers.set(slow("later"), 11);
  expect(timers.run(clock)).toBe(false);
  expect(log).toEqual(["a", "b"]);
  expect(timers.run(clock)).toBe(true);
  expect(log).toEqual(["a", "b", "c", "d"]);
  expect(timers.run(clock)).toBe(true);
  expect(log.at(-1)).toBe("later");
});

test("a timer that is set again for the same instant ends no run", () => {
  const timers = new Timers();
  const again: Timer = { fire: () => timers.set(again, 5) };
  timers.set(again, 5);
  expect(timers.run({ now: 5 })).toBe(false);
});

test("after any settings and cancellations the rest fires in order", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat(100), fc.boolean()), { maxLength: 60 }), (steps) => {
      const timers = new Timers();
      const fired: number[] = [];
      const list = Array.from({ length: 10 }, (_, i) => ({ fire: () => void fired.push(i) }));
      const expected = new Map<number, { at: number; order: number }>();
      steps.forEach(([i, at, set], order) => {
        const timer = list[i] as Timer;
        if (set) {
          timers.set(timer, at);
          expected.set(i, { at, order });
        } else {
          timers.cancel(timer);
          expected.delete(i);
        }
      });
      timers.run({ now: 100 });
      const wanted = [...expected].sort(([, a], [, b]) => a.at - b.at || a.order - b.order).map(([i]) => i);
      expect(fired).toEqual(wanted);
    }),
  );
});
