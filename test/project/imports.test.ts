// ARCHITECTURE.md's map as a test: imports go down from floor to floor and from room to room, and the core
// knows no host.
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { files, type Import, imports } from "../../tools/graph/imports.ts";
import { kernelShape } from "../../tools/graph/kernel.ts";
import { below, floor, level, room, rooms } from "../../tools/graph/rooms.ts";

/** Modules from outside, and the files that may import them. */
const outside: readonly { readonly from: RegExp; readonly what: RegExp }[] = [
  { from: /^(cli|host)\//, what: /^node:/ },
  { from: /^cli\//, what: /^picocolors$/ },
  { from: /^cli\/dap\//, what: /^@vscode\/debug(adapter|protocol)$/ },
  { from: /^policy\//, what: /^(zod|yaml)$/ },
  { from: /^vitest\//, what: /^(vitest|node:.*)$/ },
  { from: /^(machine\/api|image|host\/overlay)\//, what: /^zod$/ },
  { from: /^image\//, what: /^modern-tar$/ },
  { from: /^image\//, what: /^fzstd$/ },
  { from: /^(browser\/image|machine\/snapshot)\//, what: /^fflate$/ },
];
/** Files a folder, at most. Rows, tables and the routines' AssemblyScript are not counted. */
const maxFiles = 24;
/** Folders whose files are peers, one for each of many subjects. */
const maxFilesOf: Readonly<Record<string, number>> = { "kernel/fs/vfs": 28 };

const said = ({ file, specifier }: Import): string => `src/${file} imports ${specifier}`;

/** Circles among files that import each other's values, as text. */
const circles = (): string[] => {
  const found: string[] = [];
  const done = new Set<string>();
  const way: string[] = [];
  const values = (file: string) => imports.filter((i) => i.file === file && !i.isType && i.target !== undefined);
  const visit = (file: string): void => {
    const since = way.indexOf(file);
    if (since >= 0) found.push([...way.slice(since), file].join(" -> "));
    if (since >= 0 || done.has(file)) return;
    way.push(file);
    for (const { target } of values(file)) visit(target as string);
    way.pop();
    done.add(file);
  };
  for (const file of files) visit(file);
  return found;
};

describe("the import graph", () => {
  it("has a known floor and a known room for every file", () => {
    expect(files.filter((f) => !(floor(f) in below))).toEqual([]);
    expect(files.filter((f) => floor(f) in rooms && level(f) < 0)).toEqual([]);
  });
  it("goes down from floor to floor", () => {
    const up = imports.filter(
      ({ file, target }) => target !== undefined && floor(target) !== floor(file) && !below[floor(file)]?.includes(floor(target)),
    );
    expect(up.map(said)).toEqual([]);
  });
  it("goes down from room to room, types apart; in the kernel types too", () => {
    const up = imports.filter(({ file, target, isType }) => {
      if (
        (isType && floor(file) !== "kernel") ||
        target === undefined ||
        floor(target) !== floor(file) ||
        !(floor(file) in rooms) ||
        room(target) === room(file)
      )
        return false;
      return level(target) >= level(file);
    });
    expect(up.map(said)).toEqual([]);
  });
  it("has no circle of files that import each other's values", () => {
    expect(circles()).toEqual([]);
  });
  it("reaches the host and packages only where people come in", () => {
    const wrong = imports.filter((i) => i.target === undefined && !outside.some((o) => o.from.test(i.file) && o.what.test(i.specifier)));
    expect(wrong.map(said)).toEqual([]);
  });
  it("lets no floor name one above it in the table itself", () => {
    const order = Object.keys(below);
    for (const [name, list] of Object.entries(below)) for (const l of list) expect(order.indexOf(l)).toBeLessThan(order.indexOf(name));
  });
});

describe("folders", () => {
  it(`hold at most ${maxFiles} files`, () => {
    const size = (folder: string): number => files.filter((f) => dirname(f) === folder).length;
    const folders = [...new Set(files.map((f) => dirname(f)))].filter((folder) => !/(^|\/)rows(\/|$)/.test(folder));
    expect(folders.filter((folder) => size(folder) > (maxFilesOf[folder] ?? maxFiles))).toEqual([]);
  });
});

describe("the kernel, types counted as imports", () => {
  it("has a small circle of files that lead to each other", () => expect(kernelShape.circle.length).toBeLessThanOrEqual(12));
  it("has no arrows between rooms that run upward", () => expect(kernelShape.upward).toEqual([]));
  it("has a hub that imports few modules", () => expect(kernelShape.hub).toBeLessThanOrEqual(15));
});
