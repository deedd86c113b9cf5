// `trapgate landmines --policy FILE`: the weak programs of the catalogue under the user's own policy. It
// finds the ways around a filter that the policy leaves open.
import { catalogue } from "../../landmines/catalogue/index.ts";
import { type PolicyResult, type PolicySetting, underPolicy } from "../../landmines/under-policy.ts";
import { progress } from "../progress.ts";
import { color as pc } from "../text/color.ts";
import { jsonText, printLines as print } from "../text/print.ts";

type Verdict = PolicyResult["verdict"];
const marks: Readonly<Record<Verdict, string>> = {
  open: pc.red("open       "),
  closed: pc.green("closed     "),
  "no-question": pc.dim("no question"),
  "not-tried": pc.yellow("not tried  "),
};
const summary = (results: readonly PolicyResult[]): string => {
  const of = (verdict: Verdict): readonly PolicyResult[] => results.filter((result) => result.verdict === verdict);
  const ids = (list: readonly PolicyResult[]): string => (list.length > 0 ? ` (${list.map(({ mine }) => mine.id).join(", ")})` : "");
  const [open, closed, none, untried] = [of("open"), of("closed"), of("no-question"), of("not-tried")];
  const tried = open.length + closed.length;
  return [
    `${tried} ways around a filter tried: ${open.length} open${ids(open)}, ${closed.length} closed by this policy`,
    ...(untried.length > 0 ? [`${untried.length} not tried: the program ended before its escape${ids(untried)}`] : []),
    ...(none.length > 0 ? [`${none.length} rows are no question to a policy: they show verdicts, kernels and processors`] : []),
  ].join("\n");
};

/** Status 1 if one is open. */
export const landminesUnderPolicy = async (setting: PolicySetting, only: readonly string[], json: boolean): Promise<number> => {
  const results: PolicyResult[] = [];
  const rows = catalogue.filter(({ id }) => only.includes(id));
  const line = progress(() => `${results.length} of ${rows.length} rows`);
  for (const mine of rows) {
    const result = await underPolicy(mine, setting);
    if (!result) continue;
    results.push(result);
    line.clear();
    if (!json) print(`${pc.bold(mine.id.padEnd(4))} ${marks[result.verdict]} ${mine.title}: ${result.what}`);
  }
  line.end();
  print(
    json
      ? jsonText(
          results.map(({ mine: { id, title }, ...result }) => ({ id, title, ...result })),
          2,
        )
      : summary(results),
  );
  return results.some(({ verdict }) => verdict === "open") ? 1 : 0;
};
