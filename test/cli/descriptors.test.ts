// `trace -y` and `-yy` beside strace for descriptors of all kinds; names that a guest chooses do not reach
// the terminal as they are.
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { trapgate } from "../support/cli.ts";
import { inFolder } from "../support/guest.ts";
import { gcc, missing, nativeX64, strace, top } from "../support/host.ts";

/** Without inodes, ports, process ids, and the place of /dev/ptmx. */
const masked = (text: string): string[] =>
  text
    .split("\n")
    .filter((line) => line.startsWith("dup("))
    .map((line) =>
      line
        .replaceAll(/(?<=\[|->)\d+(?=\]|,|->)/g, "INODE")
        .replaceAll(/(?<=127\.0\.0\.1:)\d+/g, "PORT")
        .replaceAll(/(?<=pid:|ROUTE:|#|eventfd-id=|\/dev\/pts\/)\d+/g, "N")
        .replaceAll("/dev/pts/ptmx", "/dev/ptmx")
        .replace(/ += /, " = "),
    );

describe.skipIf(missing("descriptors beside strace", strace, gcc, nativeX64))("descriptors", { timeout: 60_000 }, () => {
  it.each(["-y", "-yy"])("have strace's text with %s, and their lines in fdinfo", async (option) => {
    await inFolder(async (folder) => {
      const program = `${folder}/descriptors`;
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, `${top}/test/cli/descriptors.c`]);
      const command = [option, "-e", "trace=dup", "-o"];
      const native = spawnSync("strace", [...command, `${folder}/native`, program], { cwd: folder, encoding: "utf8" });
      const own = trapgate(["trace", ...command, `${folder}/own`, "--mount", `${folder}:${folder}:cow`, "--cwd", folder, "--", program]);
      expect(masked(readFileSync(`${folder}/own`, "utf8"))).toEqual(masked(readFileSync(`${folder}/native`, "utf8")));
      // The host may have terminals of others.
      const lines = (text: string): string => text.replaceAll(/(?<=tty-index:\s)\d+/g, "N");
      expect(lines(own.stdout)).toBe(lines(native.stdout));
    });
  });
  it("cannot write to the terminal by names that the guest chooses", async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/descriptors`;
      execFileSync("gcc", ["-O1", "-w", "-static", "-o", program, `${top}/test/cli/descriptors.c`]);
      const inside = ["--mount", `${folder}:${folder}:cow`, "--cwd", folder, "--", program];
      for (const options of [["run"], ["run", "--crash"], ["run", "--kernel-log"], ["trace", "-yy", "-k"]]) {
        const { stderr } = trapgate([...options, ...inside]);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal acts on them
        expect(stderr).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
        expect(stderr).not.toMatch(/^forged/m);
      }
    });
  });
});
