// `trapgate landmines --policy FILE`: the weak programs of the catalogue under the user's own policy. It
// finds the ways around a filter that the policy leaves open.

import type { ProfileName, Switches } from "../../kernel/base/profile.ts";
import { catalogue } from "../../landmines/catalogue/index.ts";
import { expectedOf, guestFile, type Landmine } from "../../landmines/catalogue/landmine.ts";
import { compareOutcomes, describeOutcome, outcomeOf } from "../../landmines/matrix.ts";
import type { Denial } from "../../machine/denial.ts";
import { Machine } from "../../machine/machine.ts";
import { color as pc } from "../text/color.ts";
import { printLines as print } from "../text/print.ts";

const MEMORY = 2 ** 22;
const SECONDS = 20;

interface Result {
  readonly mine: Landmine;
  /** The program came as far as without the policy. */
  readonly open: boolean;
  readonly what: string;
  /** The call at which the policy stopped it. */
  readonly stoppedAt: string | undefined;
}

/** The options of `landmines --policy`. */
export interface PolicyRuns {
  readonly policy: string | Uint8Array;
  readonly profile: ProfileName;
  readonly vendor: "amd" | "intel";
  readonly switches: Partial<Switches>;
  readonly only: readonly string[];
  readonly files: (name: string) => Promise<Uint8Array>;
}

const run = async (mine: Landmine, { policy, profile, vendor, switches, files }: PolicyRuns): Promise<Result | undefined> => {
  const expected = expectedOf(mine, { profile, vendor, switches })?.weak;
  if (!expected || mine.needs !== undefined) return undefined;
  const program = await files(guestFile(mine, profile, "weak"));
  const denials: Denial[] = [];
  const options = { ...switches, kernel: profile, cpu: `:${vendor}`, memory: MEMORY, timeout: SECONDS };
  const ended = await Machine.run(program, {
    ...options,
    policy,
    trace: expected.trace !== undefined,
    hooks: { denied: (denial) => void denials.push(denial) },
  });
  const happened = outcomeOf(ended, expected);
  const first = denials.find(({ byPolicy }) => byPolicy);
  const open = compareOutcomes(expected, happened) === "as expected";
  return {
    mine,
    open,
    what: describeOutcome(happened),
    stoppedAt: first && `${first.abi === "x64" ? "" : `${first.abi}.`}${first.call}: ${first.verdict}`,
  };
};

/** Status 1 if one is open. */
export const landminesUnderPolicy = async (runs: PolicyRuns, json: boolean): Promise<number> => {
  const results: Result[] = [];
  for (const mine of catalogue) {
    if (!runs.only.includes(mine.id)) continue;
    const result = await run(mine, runs);
    if (!result) continue;
    results.push(result);
    if (json) continue;
    const mark = result.open ? pc.red("open  ") : pc.green("closed");
    const why = result.open ? `: ${result.what}` : result.stoppedAt ? `, at ${result.stoppedAt}` : `: ${result.what}`;
    print(`${pc.bold(mine.id.padEnd(4))} ${mark} ${mine.title}${why}`);
  }
  const open = results.filter((result) => result.open);
  if (json)
    print(
      JSON.stringify(
        results.map(({ mine, ...result }) => ({ id: mine.id, title: mine.title, ...result })),
        null,
        2,
      ),
    );
  else
    print(
      `${results.length} programs under the policy: ${open.length} came through${open.length > 0 ? ` (${open.map(({ mine }) => mine.id).join(", ")})` : ""}`,
    );
  return open.length > 0 ? 1 : 0;
};
