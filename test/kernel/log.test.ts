// The kernel log that syslog(2) and /proc/kmsg take: whole lines, a long one in parts. Linux syslog_print().
import { describe, expect, it } from "vitest";
import { KernelLog, LOG_SIZE } from "../../src/kernel/base/log.ts";

describe("the kernel log", () => {
  it("gives whole lines that fit, and a longer one in parts", () => {
    const log = new KernelLog();
    for (const text of ["a", "b", "c".repeat(20)]) log.add(6, 0, text);
    const line = (text: string): string => `<6>[    0.000000] ${text}\n`;
    expect(log.take(45)).toBe(line("a") + line("b"));
    expect(log.unread).toBe(line("c".repeat(20)).length);
    expect(log.take(10)).toBe(line("c".repeat(20)).slice(0, 10));
    expect(log.unread).toBe(line("c".repeat(20)).length - 10);
    expect(log.take(100)).toBe(line("c".repeat(20)).slice(10));
    expect([log.take(100), log.unread]).toEqual(["", 0]);
    log.add(3, 0, "d");
    expect(log.take(100)).toBe("<3>[    0.000000] d\n");
  });
  it("goes on with the oldest line after an overflow", () => {
    const log = new KernelLog();
    log.add(6, 0, "first");
    log.take(5);
    for (let i = 0; i < 5000; i++) log.add(6, 0, `${i}`);
    expect(log.take(30)).toBe("<6>[    0.000000] 904\n");
  });
  it("counts the bytes that are left, also when an overflow takes a line that was read in part", () => {
    const log = new KernelLog();
    for (let i = 0; i < 3; i++) log.add(6, 0, "first");
    log.take(5);
    for (let i = 0; i < 5000; i++) log.add(6, 0, "later");
    expect(log.unread).toBe(4096 * "<6>[    0.000000] later\n".length);
    while (log.unread > 0) log.take(1000);
    expect(log.take(1000)).toBe("");
  });
  it("holds as many bytes as SYSLOG_ACTION_SIZE_BUFFER says", () => {
    const log = new KernelLog();
    for (let i = 0; i < 4000; i++) log.add(6, 0, "x".repeat(1000));
    expect(log.unread).toBeLessThanOrEqual(LOG_SIZE);
    expect(log.unread).toBeGreaterThan(LOG_SIZE - 2000);
  });
});
