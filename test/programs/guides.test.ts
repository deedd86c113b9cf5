// The guides' sessions with C programs, tried as they are written: sources and scripts become files, each
// command runs, and the lines that the guide shows come out in their order. Addresses, moments and offsets
// are those of a compiler and a C library, so they are not compared.
import { spawnSync } from "node:child_process";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc, gdb, missing, nativeX64, top } from "../support/host.ts";

const guides = ["debug-a-crash-backward", "who-wrote-this-byte", "a-failing-ci-run-at-your-desk"];
const blocks = (guide: string, kind: string): string[] =>
  [...readFileSync(`${top}/docs/guide/${guide}.md`, "utf8").matchAll(new RegExp(`^\`\`\`${kind}\\n(.*?)^\`\`\``, "gms"))].map(
    ([, text]) => text as string,
  );
/** A line without what a compiler and a C library decide. */
const plain = (line: string): string =>
  line
    .trim()
    .replace(/\b\d+:\d+\b/g, "MOMENT")
    .replace(/(\w+)\+0x[0-9a-f]+/g, "$1")
    .replace(/\b(mov|rep) .*$/, "INSTRUCTION")
    .replace(/^(MOMENT {2}2 {2}\w+) .*?( {2})(?=(?:ADDRESS|0x[0-9a-f]{5}))/, "$1$2")
    .replace(/0x[0-9a-f]{3,}/g, "ADDRESS")
    .replace(/__\w+/g, "FUNCTION")
    .replace(/"(\\x[0-9a-f]{2}|[^"\\]|\\.){4}"/g, "BYTES")
    .replace(/at MOMENT \d of 8 have escaped/, "at MOMENT some have escaped")
    .replace(/\s+/g, " ");
const sessions = (guide: string): { readonly command: string; readonly lines: readonly string[] }[] =>
  blocks(guide, "console").flatMap((text) =>
    text
      .split(/^\$ /m)
      .slice(1)
      .map((part) => {
        const [command = "", ...lines] = part.split("\n");
        return { command, lines: lines.filter((line) => line !== "") };
      }),
  );

describe.skipIf(missing("guides with C programs", nativeX64, gcc, gdb))("the guide", () => {
  it.each(guides)("%s does what it shows", { timeout: 240_000 }, async (guide) => {
    await inFolder(async (folder) => {
      const loader = pathToFileURL(createRequire(import.meta.url).resolve("tsx")).href;
      writeFileSync(`${folder}/trapgate`, `#!/bin/sh\nexec "${process.execPath}" --import "${loader}" "${top}/tools/trapgate.ts" "$@"\n`);
      chmodSync(`${folder}/trapgate`, 0o755);
      for (const text of [...blocks(guide, "c"), ...blocks(guide, "gdb")]) {
        const [, name] = /^(?:\/\/|#) (\S+)\n/.exec(text) as RegExpExecArray;
        // Lines have the numbers that gdb shows in the guide.
        writeFileSync(`${folder}/${name}`, text.slice(text.indexOf("\n") + 1));
      }
      const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}`, LC_ALL: "C", NO_COLOR: "1" };
      // npm's: the command from the sources begins there.
      delete (env as Record<string, string | undefined>)["INIT_CWD"];
      const all = sessions(guide);
      expect(all.length).toBeGreaterThan(2);
      for (const { command, lines } of all) {
        const { stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: folder, encoding: "utf8", env });
        if (lines.length === 0) expect(stderr.split("\n").filter((line) => /error/i.test(line))).toEqual([]);
        const said = `${stdout}${stderr}`.split("\n").map(plain);
        let from = 0;
        for (const line of lines.map(plain)) {
          const at = said.findIndex((each, i) => i >= from && (each === line || (line.endsWith("(") && each.startsWith(line))));
          expect(at, `${command}: ${line}\n${stdout}${stderr}`).toBeGreaterThanOrEqual(0);
          from = at + 1;
        }
      }
    });
  });
});
