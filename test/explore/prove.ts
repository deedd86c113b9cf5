// A proof of a program without a violation, with the ends of its runs.
import { hostTree } from "trapgate/node";
import { Dpor } from "../../src/machine/explore/proof/dpor.ts";
import { Sampling } from "../../src/machine/explore/sampling.ts";
import { type SearchOptions, Trials } from "../../src/machine/explore/trials.ts";

/** An end: `exit N`, or the reason for which it has none; and all that it has written. */
interface End {
  readonly output: string;
  readonly end: string;
}
/** Proves a program. `found`: the ends of the traces; `drawn`: those of the other schedules. */
export const prove = async (program: string, args: readonly string[], options: SearchOptions = {}) => {
  const given = { root: hostTree("/"), args, neverOutput: ["a text that no program writes"], seconds: 100, ...options };
  const trials = new Trials(program, given);
  const dpor = new Dpor();
  const [found, drawn]: [End[], End[]] = [[], []];
  const { observe } = trials;
  trials.observe = (...given) => {
    const result = observe.apply(trials, given);
    const { status, stdout, stderr } = result.run;
    const end = result.end === "ended" && "exit" in status ? `exit ${status.exit}` : result.end;
    (given[0] === dpor ? found : drawn).push({ output: stdout.text + stderr.text, end });
    return result;
  };
  const { isComplete, gap } = await new Sampling(trials).prove(dpor);
  return { found, drawn, isComplete, gap, traces: dpor.traces };
};
