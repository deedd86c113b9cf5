// Two observers of one kernel: both get each event, the first one first.
import type { Observer } from "../../kernel/observer.ts";

/** An observer that passes each event to two others. */
export const both = (first: Observer, second: Observer): Observer => ({
  enter: (...told) => {
    const injected = first.enter?.(...told);
    return second.enter?.(...told) ?? injected;
  },
  evaluated: (...told) => (first.evaluated?.(...told), second.evaluated?.(...told)),
  runs: (...told) => (first.runs?.(...told), second.runs?.(...told)),
  leave: (...told) => (first.leave?.(...told), second.leave?.(...told)),
  filtered: (...told) => (first.filtered?.(...told), second.filtered?.(...told)),
  signal: (...told) => (first.signal?.(...told), second.signal?.(...told)),
  stopped: (...told) => (first.stopped?.(...told), second.stopped?.(...told)),
  ended: (...told) => (first.ended?.(...told), second.ended?.(...told)),
  started: (...told) => (first.started?.(...told), second.started?.(...told)),
  executed: (...told) => (first.executed?.(...told), second.executed?.(...told)),
});
