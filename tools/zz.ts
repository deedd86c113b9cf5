import { drawScript } from "./campaign/syscalls/draw.ts";
import { runNatively } from "./campaign/syscalls/native.ts";
import { runInside } from "./campaign/syscalls/run.ts";
import { described, encode } from "./campaign/syscalls/script.ts";
import { Random } from "./oracle/random.ts";

const [a, b] = process.argv.slice(2).map(Number);
const W = (x: any) => new BigInt64Array(x.slice(0, x.length & ~7).buffer);
const tally = new Map<string, { n: number; ex: string }>();
const setting: any = { kernel: "upstream", uid: 1000, x32: false, seed: 1 };
const diff = (s: any) => {
  const by = encode(s);
  const o = W(runInside(by, setting, "auto").stdout);
  const nn = runNatively(by);
  if (!nn) return "noend";
  const n = W(nn);
  return { o, n };
};
let total = 0;
for (let s = a!; s < b!; s++) {
  const sc = drawScript(new Random(s), { abis: ["x64", "i386"], harmless: true, chunks: 40, callsEach: 20 });
  const d = diff(sc);
  if (d === "noend") {
    console.log(s, "noend");
    continue;
  }
  const t = described(sc);
  for (const c of sc.chunks) {
    total++;
    const idx = [...c.calls.map((k) => k.index), c.index, c.index + 1];
    const bad = idx.find((i) => d.o[i] !== d.n[i]);
    if (bad === undefined) continue;
    let key: string, ex: string;
    const at = c.calls.find((k) => k.index === bad);
    if (at) {
      key = `${at.call} native ${d.n[bad]} ours ${d.o[bad]}`;
      ex = `${s} ${t.get(bad)}`;
    } else {
      // minimise arena
      let calls = [...c.calls];
      for (let i = calls.length - 1; i >= 0; i--) {
        const tr = calls.filter((_, j) => j !== i);
        const s2 = { ...sc, chunks: [{ ...c, calls: tr }] };
        const d2 = diff(s2);
        if (d2 !== "noend" && d2.o[bad] !== d2.n[bad] && tr.every((k) => d2.o[k.index] === d2.n[k.index])) calls = tr;
      }
      key = (bad === c.index ? "STATUS " : "ARENA ") + calls.map((k) => k.call).join("+");
      ex = `${s} ` + calls.map((k) => t.get(k.index)).join("; ") + (bad === c.index ? ` native ${d.n[bad]} ours ${d.o[bad]}` : "");
    }
    const e = tally.get(key);
    if (e) e.n++;
    else tally.set(key, { n: 1, ex });
  }
}
console.log("chunks", total);
for (const [k, v] of [...tally].sort((x, y) => y[1].n - x[1].n)) console.log(v.n, k, "|", v.ex);
