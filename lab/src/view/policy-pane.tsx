// Left: the policy that the program starts under, in any format, checked while it is typed.
import type { PolicyReport } from "../methods/protocol.ts";
import { change, saved } from "../state/session.ts";
import { checker } from "../state/workers.ts";
import { Editor } from "./editor.tsx";
import { Mistakes } from "./mistakes.tsx";
import { useChecked } from "./use-checks.ts";

const NOTHING: PolicyReport = { format: "", problems: [], program: undefined };

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;

export const PolicyPane = () => {
  const { policy, filter, a } = saved.value;
  const report = useChecked(
    NOTHING,
    [policy, a.kernel, filter],
    () => checker.call("checkPolicy", { text: policy, kernel: a.kernel }).result,
  );
  const errors = report.problems.filter(({ severity }) => severity === "error").length;
  return (
    <section class={`pane policy ${filter ? "" : "off"}`} aria-label="Policy">
      <div class="bar">
        <label class="switch">
          <input type="checkbox" checked={filter} onChange={(e) => change({ filter: e.currentTarget.checked })} />
          <span>Start under a policy</span>
        </label>
        <span class="faint" role="status">
          {filter
            ? report.format &&
              `${report.format}, ${report.program ? count(report.program.length / 8, "instruction") : count(errors, "mistake")}`
            : "no filter: the program starts without one"}
        </span>
      </div>
      {filter && (
        <>
          <Editor label="Policy" text={policy} problems={report.problems} onChange={(text) => change({ policy: text })} />
          <Mistakes problems={report.problems} />
        </>
      )}
    </section>
  );
};
