// The time of day at which a guest with files of the host begins.
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newestTime } from "../../src/cli/clock.ts";
import { emptyFolder } from "../support/guest.ts";
import { top } from "../support/host.ts";

const folder = join(top, ".cache", `clock-${process.pid}`);
const at = (time: string): number => Date.parse(`2024-05-06T${time}Z`) / 1000;
const touch = (name: string, time: string): void => {
  const path = join(folder, name);
  writeFileSync(path, "");
  utimesSync(path, at(time), at(time));
  utimesSync(folder, at("01:00:00"), at("01:00:00"));
};

describe("the default time of day", () => {
  beforeAll(() => {
    emptyFolder(folder);
    mkdirSync(folder, { recursive: true });
    touch("program", "10:20:30");
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it("is that of the newest file", () => {
    expect(newestTime([folder], false)).toBe(at("10:20:30"));
    expect(newestTime([join(folder, "none")], false)).toBeUndefined();
  });
  it("is the same in all runs of an hour, and no file is from the future", () => {
    expect(newestTime([folder], true)).toBe(at("11:00:00"));
    touch("log", "10:59:59");
    expect(newestTime([folder], true)).toBe(at("11:00:00"));
    touch("log", "11:00:00");
    expect(newestTime([folder], true)).toBe(at("11:00:00"));
    touch("log", "11:00:01");
    expect(newestTime([folder], true)).toBe(at("12:00:00"));
  });
});
