// A line of progress for work that takes more than two seconds: on a terminal, on standard error, and removed
// before anything else is written.

import { visible } from "../visible.ts";

/** Milliseconds before the line appears, and between two of them. */
const AFTER = 2000;
const EVERY = 200;
/** ECMA-48 EL: erase to the end of the line. */
const ERASE = "\r\u001b[K";

/** A line that is shown. */
export interface Progress {
  /** Removes the line for now. It appears again at the next interval. */
  clear(): void;
  end(): void;
}

/**
 * Shows a text with the seconds since now. `text` is asked at each interval. The work must let the event loop
 * turn.
 */
export const progress = (text: () => string): Progress => {
  const { stderr } = process;
  if (stderr.isTTY !== true || process.env["TERM"] === "dumb") return { clear: () => {}, end: () => {} };
  const started = Date.now();
  let shown = false;
  const show = (): void => {
    const milliseconds = Date.now() - started;
    if (milliseconds < AFTER) return;
    shown = true;
    const line = `${text()}, ${Math.floor(milliseconds / 1000)} s`;
    stderr.write(`\r${visible(line).slice(0, (stderr.columns || 80) - 1)}\u001b[K`);
  };
  const timer = setInterval(show, EVERY).unref();
  const clear = (): void => {
    if (shown) stderr.write(ERASE);
    shown = false;
  };
  const end = (): void => {
    clearInterval(timer);
    clear();
  };
  return { clear, end };
};
