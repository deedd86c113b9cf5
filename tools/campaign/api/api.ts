// The exports of trapgate/policy and trapgate/seccomp with wrong values at random places of their
// arguments: a Problem, a documented error, or an answer, and never an exception of the language.
import type { Random } from "../../oracle/random.ts";
import { digestOf } from "../digest.ts";
import { kind, noFinding } from "../kind.ts";
import { type Call, calls, isDocumented, places, replaced, wrongValues } from "./calls.ts";

interface Input {
  readonly name: string;
  readonly changes: readonly { readonly place: readonly (string | number)[]; readonly value: number }[];
}
const names = Object.keys(calls);

const draw = (random: Random): Input => {
  const name = random.pick(names);
  const all = places((calls[name] as Call)[1]);
  const changes = Array.from({ length: all.length === 0 ? 0 : 1 + random.below(2) }, () => ({
    place: random.pick(all),
    value: random.below(wrongValues.length),
  }));
  return { name, changes };
};

export const api = kind<Input>({
  summary: "exports of trapgate/policy and trapgate/seccomp with wrong values: a Problem or an answer, never a TypeError",
  bounds: { seconds: 30, megabytes: 1000 },
  draw,
  async check({ name, changes }) {
    const [run, args] = calls[name] as Call;
    const given = changes.reduce<unknown>((sofar, { place, value }) => replaced(sofar, place, wrongValues[value]), args) as never[];
    try {
      await run(...given);
      return noFinding(1, digestOf(`${name} answers`));
    } catch (error) {
      if (isDocumented(error)) return noFinding(1, digestOf(`${name} ${(error as Error).message}`));
      const seen = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return {
        inputs: 1,
        digest: digestOf(`${name} ${seen}`),
        finding: { rule: "wrong values are Problems", expected: "a Problem or an answer", seen },
      };
    }
  },
  parts: { of: ({ changes }) => changes, with: (input, parts) => ({ ...input, changes: parts as Input["changes"] }) },
});
