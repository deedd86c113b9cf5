// `trapgate query calls`: the system calls of a run that fit a description.
import type { DoorName } from "../../abi/door.ts";
import { findCalls } from "../../debug/query/calls.ts";
import { integer, oneOf } from "../arguments.ts";
import type { Command } from "../command.ts";
import { answered, askHelp, operandsOf, synopsis } from "./ask.ts";

const options = {
  name: { type: "string" },
  fd: { type: "string" },
  path: { type: "string", short: "P" },
  verdict: { type: "string" },
  denied: { type: "boolean" },
  door: { type: "string" },
  result: { type: "string" },
  failed: { type: "boolean" },
} as const;
const doors = ["int80", "sysenter", "syscall32", "syscall64"] as const satisfies readonly DoorName[];

/** `trapgate query calls`: the entry of the table of subcommands. */
export const command: Command = {
  synopsis: synopsis(""),
  summary: "all system calls, by name, descriptor, path, verdict, door and result",
  get options() {
    return [
      ["--name SET", "names, as trace's -e trace= has them: openat,read, %file, /^open/, !futex"],
      ["--fd N", "calls with this descriptor"],
      ["-P, --path PATH", "calls that name PATH or have a descriptor of it"],
      ["--verdict TEXT", "denied, allowed, or a part of the filters' verdict, such as ERRNO(1)"],
      ["--denied", "calls that a filter has denied: --verdict denied"],
      ["--door NAME", `calls through this door: ${doors.join(", ")}`],
      ["--result WHAT", "failed, successful, or an errno such as ENOENT"],
      ["--failed", "calls that have failed: --result failed"],
      ...askHelp,
    ] as const;
  },
  async run(args) {
    const { values, rest } = operandsOf(args, options, []);
    const { name, path, verdict = values.denied ? "denied" : undefined, result = values.failed ? "failed" : undefined } = values;
    const query = {
      name,
      path,
      verdict,
      result,
      fd: values.fd === undefined ? undefined : integer(values.fd, "--fd"),
      door: values.door === undefined ? undefined : oneOf(values.door, doors, "--door"),
      pid: values.pid === undefined ? undefined : integer(values.pid, "--pid"),
    };
    return answered(values, rest, async ({ history }) =>
      (await findCalls(history, query)).map(({ after, pid, tid, comm, text, ...facts }) => ({
        when: { before: after },
        pid,
        tid,
        comm,
        text: () => text,
        facts: { call: text, name: facts.name, door: facts.door, result: facts.result, verdict: facts.verdict },
      })),
    );
  },
};
