// Ways to keep the host busy: every busy-*.c here is a program of named ways, of which `list` prints the
// names.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { top } from "../support/host.ts";

export interface Way {
  readonly program: string;
  readonly name: string;
}

const here = join(top, "test", "hostile");

/** All ways of all programs, which are compiled into a folder. */
export const ways = (folder: string): Way[] =>
  readdirSync(here)
    .filter((file) => /^busy-.*\.c$/.test(file))
    .flatMap((file) => {
      const program = join(folder, file.slice(0, -2));
      execFileSync("gcc", ["-O1", "-w", "-static", "-no-pie", "-fno-pie", "-o", program, join(here, file)]);
      const names = execFileSync(program, ["list"], { encoding: "utf8" }).trim().split("\n");
      return names.map((name) => ({ program, name }));
    });
