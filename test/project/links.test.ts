// Documents name files: every relative link leads to one, and every path in code quotes is one of the
// repository.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { describe, expect, it } from "vitest";
import { top } from "../support/host.ts";

/** The log keeps old names, and the generated references name no files. */
const isHistory = (file: string): boolean => file.startsWith("docs/log/") || file.startsWith("docs/reference/");
const under = (folder: string): string[] =>
  readdirSync(join(top, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`);
const documents = [...readdirSync(top), ...under("src"), ...under("docs"), ...under(".github")].filter((file) => file.endsWith(".md"));

const textOf = (file: string): string => readFileSync(join(top, file), "utf8").replace(/^```[\s\S]*?^```$/gm, "");
const linksOf = (text: string): string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((m) => m[1] as string).filter((to) => !/^[a-z]+:/.test(to) && !to.startsWith("#"));
/** `file.ts`, `src/room`, `test/folder/file.c`: names with an extension, or that begin with a top folder. */
const pathsOf = (text: string): string[] =>
  [...text.matchAll(/`([\w.@-]+(?:\/[\w.@-]+)*\/?)`/g)]
    .map((m) => m[1] as string)
    .filter((path) => /^(src|test|tools|docs|guest|bench|bin)\//.test(path) || /\.(ts|mjs|asm|inc)$/.test(path));
const anchorsOf = (file: string): string[] =>
  [...readFileSync(join(top, file), "utf8").matchAll(/^#+ (.*)$/gm)].map((m) =>
    (m[1] as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

/** A name without a folder is one of some file of the repository: `lazy.ts`. */
const names = new Set(["src", "test", "tools", "guest"].flatMap((folder) => under(folder).map((file) => basename(file))));
const isThere = (path: string, file: string): boolean =>
  existsSync(join(top, path)) || existsSync(join(top, dirname(file), path)) || (!path.includes("/") && names.has(path));
/** Built or ignored by git: not there in a fresh clone. */
const isBuilt = (path: string): boolean => /^(dist|src\/cpu\/generated)\b/.test(path);

/**
 * A word in capitals stands for a name (`test/landmines/NAME.test.ts`), dots at the end for any file of a
 * folder.
 */
const isPattern = (path: string): boolean => (/(^|\/)[A-Z]+\.[a-z]/.test(path) && !path.endsWith(".md")) || path.endsWith("/...");

const missingLinks = (file: string): string[] =>
  linksOf(textOf(file)).filter((link) => {
    const [path, anchor] = link.split("#") as [string, string?];
    const target = relative(top, join(top, dirname(file), path));
    if (!existsSync(join(top, target))) return true;
    return anchor !== undefined && !anchorsOf(target).includes(anchor);
  });
const missingPaths = (file: string): string[] =>
  pathsOf(textOf(file)).filter((path) => !isBuilt(path) && !isPattern(path) && !isThere(path, file));

describe("documents", () => {
  it("are found", () => expect(documents.length).toBeGreaterThan(60));
  it("link to files and headings that exist", () => {
    const missing = documents.flatMap((file) => missingLinks(file).map((link) => `${file}: ${link}`));
    expect(missing).toEqual([]);
  });
  it("name files that exist", () => {
    const missing = documents.filter((file) => !isHistory(file)).flatMap((file) => missingPaths(file).map((path) => `${file}: ${path}`));
    expect(missing).toEqual([]);
  });
  it("give every room a README", () => {
    const rooms = ["abi", "wasm", "cpu", "memory", "seccomp", "kernel", "machine", "landmines", "host", "cli"];
    expect(rooms.filter((room) => !existsSync(join(top, "src", room, "README.md")))).toEqual([]);
  });
});

describe("the table of specifications in docs/design/kernel.md", () => {
  it("has a row for each room of the kernel", () => {
    const rows = [...textOf("docs/design/kernel.md").matchAll(/^\| ([a-z, -]+) \|/gm)].flatMap((m) => (m[1] as string).split(", "));
    const rooms = readdirSync(join(top, "src/kernel"), { withFileTypes: true }).flatMap((e) => (e.isDirectory() ? e.name : []));
    expect(rooms.filter((room) => !rows.includes(room))).toEqual([]);
  });
});
