// gdb's `monitor` commands: what only this machine knows.
import { x64 } from "../../abi/abi.ts";
import type { Kernel } from "../../kernel/core/kernel.ts";
import type { Task } from "../../kernel/core/task.ts";
import { compareMoments, momentText, parseMoment } from "../../machine/moment.ts";
import { frameText } from "../../machine/stack/frame.ts";
import { Problem } from "../../problem.ts";
import { disassemble } from "../../seccomp/asm/disassemble.ts";
import type { Filter } from "../../seccomp/filter.ts";
import type { Debugger } from "../debugger.ts";
import type { ServerLog } from "./server-log.ts";

/** A command: its usage, its meaning, and its action. The result is printed. */
interface MonitorCommand {
  readonly usage: string;
  readonly meaning: string;
  run(debug: Debugger, args: readonly string[], checkpoints: Map<string, string>): string | Promise<string>;
}

const DOORS = ["int80", "sysenter", "syscall32", "syscall64"];
const timeText = ({ now }: Kernel): string => `${(now / 1e9).toFixed(9)} s`;
const needed = (arg: string | undefined, usage: string): string => {
  if (arg === undefined) throw new Problem("usage", `usage: monitor ${usage}`);
  return arg;
};
/** What a way has led to. It may have been given up. */
const moved = ({ timeline, stop }: Debugger): string => {
  const at = momentText(timeline.moment);
  return stop?.why.kind === "interrupt" ? `given up: still at ${at}\n` : `at ${at}; "maintenance flush register-cache" shows it in gdb\n`;
};

const commands: Readonly<Record<string, MonitorCommand>> = {
  when: {
    usage: "when",
    meaning: "the moment of now: instructions since boot, and kernel transitions since the last one",
    run: ({ timeline, iterations }) => {
      const inside = iterations > 0 ? `, ${iterations} iterations of its instruction` : "";
      return `${momentText(timeline.moment)}${inside} (${timeText(timeline.kernel)} of virtual time; the run is known to ${momentText(timeline.reached)})\n`;
    },
  },
  goto: {
    usage: "goto MOMENT|end|start|NAME",
    meaning: "go to a moment or a checkpoint",
    run: async (debug, [where], checkpoints) => {
      const to = needed(where, "goto MOMENT|end|start|NAME");
      if (to === "start") await debug.restart();
      else if (to === "end") await (debug.timeline.isRecorded ? debug.goToEnd() : debug.goTo(debug.timeline.reached));
      else await debug.goTo(parseMoment(checkpoints.get(to) ?? to));
      return moved(debug);
    },
  },
  checkpoint: {
    usage: "checkpoint [NAME]",
    meaning: "name this moment, or list the names",
    run: (debug, [name], checkpoints) => {
      if (name === undefined) return [...checkpoints].map(([key, moment]) => `${key}  ${moment}\n`).join("") || "no checkpoints\n";
      const text = momentText(debug.timeline.moment);
      checkpoints.set(name, text);
      debug.timeline.keep();
      return `checkpoint ${name} at ${text}\n`;
    },
  },
  why: {
    usage: "why",
    meaning: "the last call that a filter has denied before now, and where it was",
    run: ({ lastDenial }) => {
      if (!lastDenial) return "no filter has denied a call before this moment\n";
      const { denial, moment } = lastDenial;
      const frames = denial.stack.map((frame) => `  ${frameText(frame)}\n`);
      const filter = denial.filter === 0 ? "strict mode" : `filter ${denial.filter}${denial.byPolicy ? " (the option policy)" : ""}`;
      return `${momentText(moment)}: ${denial.pid} ${denial.comm}: ${denial.call} through ${denial.door}\n${filter}: ${denial.verdict}\n${frames.join("")}`;
    },
  },
  filters: {
    usage: "filters [DEPTH]",
    meaning: "the seccomp filters of the current thread, or the instructions of one",
    run: ({ current }, [depth]) => filtersOf(current, depth),
  },
  door: {
    usage: "door",
    meaning: "the table and the number of the current thread's call",
    run: ({ current }) => {
      if (!current) return "no thread\n";
      const { origAx, compat, call } = current;
      if (origAx === -1) return "the thread is in no call\n";
      return `${call?.entry.syscall.name ?? `number ${origAx}`} (${origAx}, ${compat ? "32-bit table" : "64-bit table"})\n`;
    },
  },
  branch: {
    usage: "branch [NUMBER]",
    meaning: "the branches that changes of the past have made, or go to one",
    run: async (debug, [number]) => {
      if (number !== undefined) {
        await debug.selectBranch(Number(number));
        return moved(debug);
      }
      return debug.timeline.branches
        .map(
          ({ from, parent, reached, isCurrent }, i) =>
            `${isCurrent ? "*" : " "} ${i}  from ${momentText(from)}${parent < 0 ? "" : ` of ${parent}`} to ${momentText(reached)}\n`,
        )
        .join("");
    },
  },
  stop: {
    usage: "stop denied [FILTER] | door NAME | off",
    meaning: "stop, forward and backward, before a call that a filter denies, or one through a door",
    run: ({ conditions }, [kind, arg]) => {
      if (kind === "off") conditions.length = 0;
      else if (kind === "denied") {
        if (arg !== undefined && !/^\d{1,5}$/.test(arg)) throw new Problem("usage", `"${arg}" is no number of a filter`);
        conditions.push(arg === undefined ? { kind } : { kind, filter: Number(arg) });
      } else if (kind === "door" && arg !== undefined && DOORS.includes(arg)) conditions.push({ kind, door: arg });
      else throw new Problem("usage", `usage: monitor stop denied [FILTER] | door ${DOORS.join("|")} | off`);
      return conditions.length === 0 ? "no conditions\n" : `${conditions.length} condition${conditions.length === 1 ? "" : "s"}\n`;
    },
  },
  forget: {
    usage: "forget",
    meaning: "forget what was before now: history begins here, and the memory of its snapshots is free",
    run: (debug, _args, checkpoints) => {
      const { timeline } = debug;
      debug.forgetPast();
      for (const [name, moment] of checkpoints) if (compareMoments(parseMoment(moment), timeline.moment) < 0) checkpoints.delete(name);
      return `history begins at ${momentText(timeline.moment)}\n`;
    },
  },
  snapshots: {
    usage: "snapshots",
    meaning: "the snapshots that make steps back fast",
    run: ({ timeline }) => {
      const before = timeline.entries.filter(({ moment }) => compareMoments(moment, timeline.moment) <= 0).length;
      return `${timeline.entries.length} snapshots, ${before} before now\n`;
    },
  },
};

const filtersOf = (task: Task | undefined, depth: string | undefined): string => {
  const state = task?.seccomp;
  if (!state) return "the thread has no seccomp filter\n";
  if (!state.filter) return "the thread is in strict mode\n";
  const lines: string[] = [];
  for (let filter: Filter | null = state.filter; filter; filter = filter.prev) {
    if (depth === undefined) lines.push(`${filter.depth}  ${filter.program.length} instructions\n`);
    else if (String(filter.depth) === depth)
      lines.push(`${disassemble(filter.program, { layout: filter.profile.layout, returns: filter.profile.returns, abi: x64 })}\n`);
  }
  return lines.join("") || `there is no filter ${depth}\n`;
};

/** The commands, as text. */
const help = (): string =>
  [
    "The following monitor commands are supported:\n",
    ...Object.values(commands).map(({ usage, meaning }) => `monitor ${usage}\n    ${meaning}\n`),
    "monitor set debug [threads|event-loop|remote|all] on|off\n    log what the server does, on its standard error\n",
    "monitor set debug-format none|timestamp|all\n    lines of that log begin with the time\n",
    "monitor exit\n    end the session, and the program with it\n",
  ].join("");

/** What a command prints. `isUnknown`: there is no such command. */
export interface MonitorAnswer {
  readonly text: string;
  readonly isUnknown?: true;
}
/** Runs a command. Its mistakes are text, too. */
export const monitor = async (debug: Debugger, log: ServerLog, line: string, checkpoints: Map<string, string>): Promise<MonitorAnswer> => {
  const [name = "", ...args] = line.trim().split(/\s+/);
  if (name === "help") return { text: help() };
  if (name === "set") {
    const answer = log.set(args);
    return { text: typeof answer === "string" ? answer : `${answer.mistake}\n${help()}` };
  }
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command) return { text: `Unknown monitor command.\n\n${help()}`, isUnknown: true };
  try {
    return { text: await command.run(debug, args, checkpoints) };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { text: `${error.message}\n` };
  }
};
