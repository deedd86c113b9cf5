// A worker whose inputs misbehave as they say, for pool.test.ts.
import { kind, noFinding } from "../../tools/campaign/kind.ts";
import { work } from "../../tools/campaign/worker.ts";

const hoard: Uint8Array[] = [];
const behave: Readonly<Record<string, () => void>> = {
  hang: () => {
    for (;;) hoard.length = 0;
  },
  grow: () => {
    for (;;) hoard.push(new Uint8Array(2 ** 20).fill(1));
  },
  die: () => process.exit(7),
  abort: () => process.abort(),
  throw: () => {
    throw new RangeError("a mistake of ours");
  },
  well: () => {},
};

work(
  kind<string>({
    summary: "",
    bounds: { seconds: 2, megabytes: 500 },
    draw: () => "well",
    check: (input) => {
      (behave[input] as () => void)();
      return noFinding(1, input);
    },
  }),
);
