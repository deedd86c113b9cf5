// Pieces of a host's file as a guest reads its program.
import { closeSync, ftruncateSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { hostBytes } from "../../src/host/node-bytes.ts";
import { inFolder } from "../support/guest.ts";

const length = 100_000;
const written = Uint8Array.from({ length }, (_, n) => (n * 31) >> 3);

it("reads what is asked for, across pieces and up to the end", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, written);
    const bytes = hostBytes(file);
    expect(bytes.size).toBe(length);
    for (const [from, size] of [
      [0, 10],
      [32_760, 16],
      [30_000, 70_000],
      [length - 4, 4],
    ] as const) {
      const into = new Uint8Array(size);
      expect(bytes.read(from, into)).toBe(size);
      expect(Buffer.from(into)).toEqual(Buffer.from(written.subarray(from, from + size)));
    }
    const behind = new Uint8Array(8);
    expect(bytes.read(length - 3, behind)).toBe(3);
    expect(bytes.read(length + 5, behind)).toBe(0);
    bytes.close();
    expect(bytes.read(0, behind)).toBe(8);
    expect(bytes.read(70_000, behind)).toBe(8);
  }));
it("gives zeroes, and nothing of our memory, where the file was cut off meanwhile", () =>
  inFolder(async (folder) => {
    const file = join(folder, "file");
    writeFileSync(file, written);
    const bytes = hostBytes(file);
    const fd = openSync(file, "r+");
    ftruncateSync(fd, 40_000);
    closeSync(fd);
    const into = new Uint8Array(60_000);
    expect(bytes.read(40_000, into)).toBe(60_000);
    expect(into.every((byte) => byte === 0)).toBe(true);
    bytes.close();
  }));
