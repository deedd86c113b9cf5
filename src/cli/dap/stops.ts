// Why a program has stopped, in the words of the Debug Adapter Protocol.
import { type MiTuple, text, tuple } from "./mi.ts";

/** A stop for the editor, or the end of the program. */
export type EditorStop =
  | { readonly kind: "stopped"; readonly reason: string; readonly description?: string; readonly text?: string }
  | { readonly kind: "exited"; readonly code: number };

/** gdb's signals 0 and SIGINT: the user's own interrupt. */
const isPause = (name: string): boolean => name === "0" || name === "SIGINT";

/**
 * The stop of an `*stopped` record. `condition`: the last words of `monitor stop`; `target`: the number of
 * a breakpoint for a goto.
 */
export const stopOf = (values: MiTuple, condition: string | undefined, isBackward: boolean, target: string | undefined): EditorStop => {
  const reason = text(values["reason"]);
  switch (reason) {
    case "breakpoint-hit":
      return text(values["bkptno"]) === target || text(values["disp"]) === "del"
        ? { kind: "stopped", reason: "goto" }
        : { kind: "stopped", reason: "breakpoint" };
    case "watchpoint-trigger":
    case "read-watchpoint-trigger":
    case "access-watchpoint-trigger": {
      const value = tuple(values["value"]);
      const [from, to] = [text(value["old"]), text(value["new"])];
      const said = to === "" ? text(value["value"]) : `${from} → ${to}`;
      return { kind: "stopped", reason: "data breakpoint", ...(said === "" ? {} : { description: "Data breakpoint", text: said }) };
    }
    case "watchpoint-scope":
      return { kind: "stopped", reason: "data breakpoint", text: "the variable's block has ended" };
    case "exited-normally":
      return { kind: "exited", code: 0 };
    case "exited":
      return { kind: "exited", code: Number.parseInt(text(values["exit-code"]) || "0", 8) };
    case "exited-signalled":
      return { kind: "exited", code: 128 };
    case "no-history":
      return { kind: "stopped", reason: "entry", description: isBackward ? "The beginning of the run" : "The end of the run" };
    case "signal-received": {
      const name = text(values["signal-name"]);
      if (condition !== undefined && name === "SIGTRAP")
        return { kind: "stopped", reason: "exception", description: "Denied system call", text: condition };
      if (isPause(name)) return { kind: "stopped", reason: "pause" };
      return { kind: "stopped", reason: "exception", description: name, text: `${name}: ${text(values["signal-meaning"])}` };
    }
    default:
      return { kind: "stopped", reason: "step" };
  }
};
