// The timeline of one run. The worker keeps it between calls, so a step back costs a restore.
import { Problem } from "trapgate";
import { lookAt } from "../../../src/browser/inspect.ts";
import type { RunParams, TerminalSize } from "../../../src/browser/protocol.ts";
import { withRoot } from "../../../src/browser/run.ts";
import { findCalls } from "../../../src/debug/query/calls.ts";
import { History, type When } from "../../../src/debug/query/history.ts";
import { findWrites, lastWrite } from "../../../src/debug/query/writes.ts";
import { stackOf } from "../../../src/debug/registers.ts";
import { bootOptions } from "../../../src/machine/api/stores.ts";
import { Machine } from "../../../src/machine/machine.ts";
import { compareMoments, type Moment, momentText } from "../../../src/machine/moment.ts";
import { frameText } from "../../../src/machine/stack/frame.ts";
import { Timeline } from "../../../src/machine/timeline/timeline.ts";
import type { Go, LabMoment, Mark } from "./protocol.ts";
import { typedTimeline } from "./typed.ts";
import type { TypedInput } from "./typed-recorder.ts";

/** Bytes for snapshots, and calls that the page marks. */
const MEMORY = 2 ** 27;
const MOST_MARKS = 20_000;

/** The run that is open, and its calls. */
let current: { readonly history: History; readonly calls: readonly (Mark & { readonly when: When })[] } | undefined;

/** The run of a program, or a recording. */
type LookedAt =
  | (Pick<RunParams, "program" | "options" | "root"> & { readonly terminal?: TerminalSize; readonly typed?: readonly TypedInput[] })
  | { readonly recording: Uint8Array };

/** Executes a run to its end. */
const executed = async (params: LookedAt): Promise<History> => {
  if ("recording" in params) {
    const { hasEnded, recordingOf, timelineOf } = await import("./recording.ts");
    const recording = recordingOf(params.recording, () => {});
    const history = new History((hooks) => timelineOf(recording, hooks, MEMORY));
    await history.finish(hasEnded(recording) ? {} : { until: recording.reached });
    return history;
  }
  const { program, options } = await withRoot(params);
  const { terminal, typed } = params;
  const history = new History((hooks) => {
    if (terminal && typed) return typedTimeline(bootOptions(options), program, { ...options, hooks }, { terminal, typed, memory: MEMORY });
    const machine = new Machine(bootOptions(options));
    return new Timeline(machine, program, { ...options, stdin: options.stdin ?? "", hooks }, { memory: MEMORY });
  });
  await history.finish();
  return history;
};
const opened = async (params: LookedAt) => {
  const history = await executed(params);
  const calls = (await findCalls(history, {})).slice(0, MOST_MARKS).map(({ after, verdict }) => ({
    instructions: after.instructions - 1,
    isDenied: verdict !== undefined && verdict !== "ALLOW",
    when: { before: after },
  }));
  current = { history, calls };
  return current;
};

/** Goes on or back. False: there is no such place in this direction. */
const move = async ({ history, calls }: NonNullable<typeof current>, go: Go): Promise<boolean> => {
  const { timeline } = history;
  const now = timeline.moment;
  const visit = async (when: When): Promise<Moment> => {
    const { moment } = await history.visit(when, () => undefined);
    // A look may have gone past it.
    await timeline.goTo(moment);
    return moment;
  };
  switch (go.to) {
    case "here":
      return true;
    case "start":
      await timeline.goToStart();
      return true;
    case "end":
      await timeline.goTo(history.end);
      return true;
    case "instructions":
      await timeline.approach({ instructions: Math.min(go.instructions, history.end.instructions), steps: 0 });
      return true;
    case "call": {
      const call = calls[go.id];
      if (call) await visit(call.when);
      return call !== undefined;
    }
    case "step":
      if (compareMoments(now, history.end) >= 0) return false;
      await timeline.step();
      return true;
    case "back":
      return (await timeline.back()) !== undefined;
    case "denial": {
      const denied = calls.filter(({ isDenied }) => isDenied);
      for (const { when } of go.isBackward ? denied.toReversed() : denied) {
        const { before } = when as { readonly before: Moment };
        // The moment before the call is an instruction earlier.
        const order = before.instructions - 1 - now.instructions;
        if (go.isBackward ? order < 0 : order > 0) {
          await visit(when);
          return true;
        }
      }
      return false;
    }
    case "write": {
      const range = { pid: history.kernel.scheduler.current?.process.pid ?? history.pid, address: go.address, length: 1 };
      if (go.isBackward) {
        const write = await lastWrite(history, range, now);
        await (write ? visit(write.when) : timeline.goTo(now));
        return write !== undefined;
      }
      for (const { when } of await findWrites(history, range)) {
        if (compareMoments("at" in when ? when.at : when.before, now) <= 0) continue;
        if (compareMoments(await visit(when), now) > 0) return true;
      }
      await timeline.goTo(now);
      return false;
    }
  }
};

/** Opens a run if one is given, moves in it, and looks. */
export const historyMoment = async (run: LookedAt | undefined, go: Go, memory: number | undefined): Promise<LabMoment> => {
  const open = run ? await opened(run) : current;
  if (!open) throw new Problem("started", "no run is open");
  const { history, calls } = open;
  const isFound = await move(open, go);
  const { moment } = history.timeline;
  const { kernel } = history;
  const task = kernel.scheduler.current ?? history.taskOf(history.pid);
  return {
    moment: momentText(moment),
    instructions: moment.instructions,
    last: history.end.instructions,
    isFound,
    now: kernel.now,
    ended: history.timeline.hasEnded,
    task: lookAt(kernel, memory),
    stack: task ? stackOf(task).map(frameText) : [],
    ...(run ? { marks: calls.map(({ instructions, isDenied }) => ({ instructions, isDenied })) } : {}),
  };
};
