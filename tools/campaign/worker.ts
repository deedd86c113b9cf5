// The child process that tries inputs: it reads requests and writes verdicts as messages, until it is killed
// or its parent is gone.
import { Random } from "../oracle/random.ts";
import type { Finding, Kind, Verdict } from "./kind.ts";

/** A seed to draw an input from, or an input. */
export type Request = { readonly seed: number } | { readonly input: unknown };
export type Answer = Verdict & { readonly input?: unknown };

export const HOST_EXCEPTION = "nothing throws";

const thrown = (error: unknown): Finding => ({
  rule: HOST_EXCEPTION,
  expected: "an answer",
  // Without the lines of ours that called the kind.
  seen:
    error instanceof Error
      ? (error.stack ?? error.message).split("\n").slice(0, 8).join("\n").replaceAll(process.cwd(), "")
      : String(error),
});

/** Tries an input of a kind in this process. An exception is a finding. */
export const tried = async (kind: Kind, request: Request): Promise<Answer> => {
  const input = "seed" in request ? kind.draw(new Random(request.seed)) : request.input;
  const verdict = await Promise.resolve()
    .then(() => kind.check(input))
    .catch((error: unknown): Verdict => ({ inputs: 1, digest: "", finding: thrown(error) }));
  return verdict.finding ? { ...verdict, input: verdict.finding.input ?? input } : verdict;
};

export const work = (kind: Kind): void => {
  process.on("message", (request: Request) => {
    void tried(kind, request).then((answer) => process.send?.(answer));
  });
  process.on("disconnect", () => process.exit());
  process.send?.("ready");
};
