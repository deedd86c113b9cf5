// Settings of vitest for tests that run guests.
import { vi } from "vitest";
import { Problem } from "../problem.ts";

/** Options of `setUpGuests`. */
export interface SetUpOptions {
  /**
   * Limit of a test and of a hook in seconds. Default 60: the first start of a dynamic program such as
   * python3 takes one or two seconds of a processor, more on a loaded machine; vitest's own limit is 5.
   */
  readonly testTimeout?: number;
}

/**
 * Sets limits of vitest that fit guests. Call it in a set-up file of vitest (`setupFiles`), or at the top of
 * a test file. Machines of one process share their compiled code, so later tests of a program start faster.
 *
 * @throws {Problem} The limit is no number of seconds above 0.
 *
 * @example
 * import { setUpGuests } from "trapgate/vitest";
 * setUpGuests();
 */
export const setUpGuests = ({ testTimeout = 60 }: SetUpOptions = {}): void => {
  if (!(typeof testTimeout === "number" && testTimeout > 0 && Number.isFinite(testTimeout)))
    throw new Problem("bad-property-value", `testTimeout must be a number of seconds above 0, not ${JSON.stringify(testTimeout)}`);
  vi.setConfig({ testTimeout: testTimeout * 1000, hookTimeout: testTimeout * 1000 });
};
