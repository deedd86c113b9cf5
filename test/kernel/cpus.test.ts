// A machine with several processors (`cpus`): each task stands on one, by all ways to ask. Other tests show
// that all tell 0 where there is one.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { cpus as hostCpus } from "node:os";
import { Machine } from "trapgate";
import { describe, expect, it } from "vitest";
import { inFolder } from "../support/guest.ts";
import { gcc32, missing, nativeX64, top } from "../support/host.ts";

const line = (who: string, n: number): string =>
  `${who}: getcpu ${n}.0, sched_getcpu ${n}, lsl ${n}, rdtscp ${n}, rdpid ${n}, rseq ${n} ${n}, stat ${n}\n`;
const text = [
  "to 1: 0\n",
  line("the program", 1),
  "to 0: 0\n",
  line("the program", 0),
  line("a thread inherits", 1),
  line("a thread on 0", 0),
  line("the program", 1),
  line("a child inherits", 1),
  line("a child that was moved", 0),
].join("");

describe.skipIf(missing("processors of tasks", nativeX64, gcc32))("a machine with several processors", () => {
  it.each(["-m64", "-m32"])("gcc %s: its tasks see them as on Linux", async (mode) => {
    await inFolder(async (folder) => {
      const program = `${folder}/cpus`;
      execFileSync("gcc", [mode, "-O1", "-static", "-pthread", "-o", program, `${top}/test/kernel/cpus.c`]);
      if (hostCpus().length > 1) expect(execFileSync(program, { encoding: "utf8" })).toBe(text);
      const files = { "/cpus": { content: readFileSync(program), mode: 0o755 } };
      for (const engine of ["auto", "interpret", "evaluate"] as const) {
        const run = await Machine.run("/cpus", { files, cpus: 2, engine, timeout: 50 });
        expect(run.stdout.text).toBe(text);
      }
    });
  });
  it("new tasks spread over them, and their times are told", async () => {
    await inFolder(async (folder) => {
      const program = `${folder}/spread`;
      execFileSync("gcc", ["-O1", "-static", "-x", "c", "-o", program, "-"], { input: spread });
      const run = await Machine.run("/spread", {
        files: { "/spread": { content: readFileSync(program), mode: 0o755 } },
        cpus: 3,
        timeout: 50,
      });
      expect(run.stdout.text).toBe("1 2 0 1 \ncpu0 12\ncpu1 12\ncpu2 24\n");
    });
  });
});

/** Children that compute for 0.1 s of virtual time, the third of them for 0.2 s. */
const spread = `
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  setvbuf(stdout, 0, _IONBF, 0);
  for (int i = 0; i < 4; i++) {
    if (fork() == 0) {
      printf("%d ", sched_getcpu());
      if (i > 0 && i < 3) for (volatile int n = 0; n < (i == 1 ? 40000000 : 20000000); n++);
      if (i == 3) for (volatile int n = 0; n < 20000000; n++);
      _exit(0);
    }
    wait(0);
  }
  putchar('\\n');
  char text[200];
  FILE *f = fopen("/proc/stat", "r");
  while (fgets(text, sizeof text, f)) {
    int cpu, user;
    if (sscanf(text, "cpu%d %d", &cpu, &user) == 2 && text[3] != ' ') printf("cpu%d %d\\n", cpu, user);
  }
}
`;
