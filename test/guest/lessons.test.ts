// Programs of the lab's lessons that were compiled from C: their comments have the lines of the source, in
// the
// order of its statements, and each program assembles and runs as the source says.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "trapgate";
import { assembleProgram } from "trapgate/cpu";
import { expect, it } from "vitest";
import { top } from "../support/host.ts";

const folder = join(top, "lab", "src", "lessons", "c");
const names = readdirSync(folder).filter((name) => name.endsWith(".c"));
const include = (name: string): string => readFileSync(join(top, "guest", "src", name), "utf8");

it("there are some", () => expect(names).toEqual(["sockets.c"]));

it.each(names)("%s: comments of the assembly are lines of C", (name) => {
  const source = readFileSync(join(folder, name), "utf8").split("\n");
  const marks = [...readFileSync(join(folder, name.replace(/c$/, "asm")), "utf8").matchAll(/^; (\d+) \| (.*)$/gm)];
  expect(marks.map(([, line, text]) => [Number(line), text])).toEqual(
    marks.map(([, line]) => [Number(line), source[Number(line) - 1]?.trim()]),
  );
  expect(marks.length).toBeGreaterThan(3);
});

it("sockets.c makes the calls of its source", async () => {
  const { bytes } = assembleProgram(readFileSync(join(folder, "sockets.asm"), "utf8"), { include });
  const { trace, status } = await Machine.run(bytes, { trace: true });
  expect(trace.slice(1, 5)).toEqual([
    "socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 3",
    "socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, IPPROTO_IP) = 4",
    "socket(AF_UNIX, SOCK_STREAM, 0) = 5",
    "exit_group(0) = ?",
  ]);
  expect(status).toEqual({ exit: 0 });
});
