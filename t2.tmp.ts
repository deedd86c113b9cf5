import { readFileSync } from "node:fs";
import { dockerCapabilities, readContainerProfile } from "./src/policy/container.ts";
import { compileProfile } from "./src/policy/mode.ts";
import { Source } from "./src/policy/source.ts";
import { casesOf, compare, diagramOf, differing, knownWitness, tableOf } from "./src/seccomp/index.ts";
import { libseccomp } from "./tools/policy/libseccomp.ts";

const f = "/tmp/diagram-debs/root/usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json";
for (let i = 0; i < 3; i++) {
  const t0 = performance.now();
  const p = await readContainerProfile(new Source(f, readFileSync(f, "utf8")), { capabilities: dockerCapabilities, kernel: "6.12" });
  const t1 = performance.now();
  const c = compileProfile(p, "crun");
  const t2 = performance.now();
  console.log(
    "read",
    t1 - t0,
    "compile",
    t2 - t1,
    c.diagram.size,
    c.diagram.nodes.count,
    c.warnings.map((w) => w.message),
  );
  const entries = p.rules
    .filter((r) => r.action !== p.defaultAction)
    .flatMap((r) => r.names.map((name) => ({ name, action: r.action, args: r.args })));
  const [lin, tree] = libseccomp(
    [1, 2].map((optimize) => ({
      defaultAction: p.defaultAction,
      architectures: ["x86_64", "x86", "x32"],
      entries,
      optimize: optimize as 1 | 2,
    })),
  );
  if (typeof lin === "number" || typeof tree === "number") {
    console.log(lin, tree);
    continue;
  }
  const t3 = performance.now();
  const dl = diagramOf(lin as any);
  const t4 = performance.now();
  const dt = diagramOf(tree as any);
  const t5 = performance.now();
  console.log(lin!.length, tree!.length, "linear", t4 - t3, "tree", t5 - t4, dl.size, dl.nodes.count);
  console.log(compare(dl, dt).verdict, compare(dl, c.diagram).verdict);
  const d = compare(dl, c.diagram);
  if (d.verdict !== "equal")
    for (const pair of d.pairs) console.log(pair, knownWitness(d.a.nodes, differing(d, pair), [{ arch: 0xc000003e, numbers: [] }]));
  const t6 = performance.now();
  const tab = tableOf(dl.effects());
  for (const a of tab!) for (const r of a.ranges!) casesOf(dl.nodes, r.node, (v) => v);
  console.log(
    "table",
    performance.now() - t6,
    tab!.map((a) => [a.from.toString(16), a.ranges!.length]),
  );
}
