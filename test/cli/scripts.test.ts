// The scripts of the bundled command line (tools/bundle.mjs) that programs read, and the size of the first
// one. A start pays for each function and class in it.
import { spawnSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import { expect, it } from "vitest";
import { ownNames } from "../../src/machine/snapshot/registry.ts";
import { guestPath } from "../support/cli.ts";
import { top } from "../support/host.ts";

const code = (program: string): string => `
const { load } = require(${JSON.stringify(`${top}/bin/trapgate.js`)});
const { main, scripts } = load();
main(["run", "--code-cache", "off", ${JSON.stringify(guestPath(program))}]).then(() => {
  process.stderr.write(Object.keys(scripts).join(" "));
});
`;
const scriptsOf = (program: string): string[] => {
  const { stderr } = spawnSync(process.execPath, ["-e", code(program)], { encoding: "utf8", timeout: 60_000 });
  return stderr.split(" ");
};

it.each(["libc-start", "libc-start32", "hello-syscall", "hello-syscall32", "hello-int80-64", "hello-vdso32"])(
  "%s needs the first script only",
  (program) => {
    expect(scriptsOf(program)).toEqual(["start"]);
  },
);

it("libc-usual, with processes and pipes, needs one more", () => {
  expect(scriptsOf("libc-usual")).toEqual(["start", "usual"]);
});

// src/machine/snapshot/registry.ts finds a class by its own name.
it("all classes of a machine's state keep their names in the bundle", () => {
  const program = `
const { readFileSync } = require("node:fs");
const { load } = require(${JSON.stringify(`${top}/bin/trapgate.js`)});
const { chunk } = load();
const text = readFileSync(${JSON.stringify(`${top}/dist/bundle/starts.js`)}, "utf8");
const name = [...text.matchAll(/"([.][/][\\w]+[.]js)":function/g)].findLast(({ index }) => index < text.indexOf('"kernel/core/kernel.ts:Kernel"'))[1];
const classes = Object.values(chunk(name)).find((each) => each instanceof Map);
process.stdout.write(JSON.stringify([...classes].map(([name, made]) => [name, made().name])));`;
  const { stdout, stderr } = spawnSync(process.execPath, ["-e", program], { encoding: "utf8", timeout: 60_000 });
  expect(stderr).toBe("");
  const names = JSON.parse(stdout) as [name: string, own: string][];
  expect(names.length).toBeGreaterThan(200);
  expect(names.filter(([name, own]) => !new RegExp(`:(?:${ownNames(own).join("|")})$`).test(name))).toEqual([]);
});

// V8's compiled form varies by 1.6 KB between builds of one text. What a start costs is counted by
// `npm run bench:counts`. What is over belongs behind a deferred import, whose names only functions use, or
// in
// a list of its own.
it("the first script is small", () => {
  const size = (name: string): number => statSync(`${top}/dist/bundle/${name}`).size;
  const compiled = readdirSync(`${top}/dist/bundle`).find((name) => /^start-.*\.cache$/.test(name)) as string;
  expect({ text: size("start.js") < 773_000, compiled: size(compiled) < 1_268_000 }).toEqual({ text: true, compiled: true });
});
