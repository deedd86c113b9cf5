import { expect, test } from "vitest";
import { SI } from "../../src/kernel/signal/state/info.ts";
import { PendingSignals } from "../../src/kernel/signal/state/pending.ts";
import { NONE, SIG, setOf, signalName } from "../../src/kernel/signal/state/set.ts";

const info = (signo: number, pid = 1) => ({ signo, code: SI.USER, pid });

test("a standard signal is pending at most once, a real-time signal as often as it was sent, in order", () => {
  const p = new PendingSignals();
  expect(p.add(info(SIG.SIGUSR1, 1))).toBe(true);
  expect(p.add(info(SIG.SIGUSR1, 2))).toBe(false);
  p.add(info(40, 1));
  p.add(info(40, 2));
  expect(p.next(NONE)).toBe(SIG.SIGUSR1);
  expect(p.take(SIG.SIGUSR1).pid).toBe(1);
  expect(p.next(NONE)).toBe(40);
  expect([p.take(40).pid, p.take(40).pid]).toEqual([1, 2]);
  expect(p.next(NONE)).toBe(0);
});

test("signals of the instruction that runs come before others, then the lowest number", () => {
  const p = new PendingSignals();
  for (const sig of [SIG.SIGHUP, SIG.SIGSEGV, SIG.SIGTRAP, 64]) p.add(info(sig));
  expect(p.next(NONE)).toBe(SIG.SIGTRAP);
  expect(p.next(setOf(SIG.SIGTRAP, SIG.SIGSEGV))).toBe(SIG.SIGHUP);
  expect(p.next(setOf(SIG.SIGTRAP, SIG.SIGSEGV, SIG.SIGHUP))).toBe(64);
});

test("discarded signals are gone, others stay", () => {
  const p = new PendingSignals();
  for (const sig of [SIG.SIGCONT, SIG.SIGTERM]) p.add(info(sig));
  p.discard(setOf(SIG.SIGCONT));
  expect(p.set).toBe(setOf(SIG.SIGTERM));
  expect(p.queue.map((i) => i.signo)).toEqual([SIG.SIGTERM]);
});

test("signals have strace's names", () => {
  expect([1, 17, 31, 32, 34, 64, 65].map(signalName)).toEqual(["SIGHUP", "SIGCHLD", "SIGSYS", "SIGRTMIN", "SIGRT_2", "SIGRT_32", "65"]);
});
