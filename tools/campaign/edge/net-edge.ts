// The edge of the host's network, in a network namespace of its own: random devices, addresses and routes.
// What the host's kernel would deliver to itself (`ip route get`) is refused before a packet leaves.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { E } from "../../../src/abi/errno.ts";
import { Problem } from "../../../src/problem.ts";
import type { Random } from "../../oracle/random.ts";
import { digestOf } from "../digest.ts";
import { type Finding, kind, noFinding } from "../kind.ts";

interface Input {
  /** Arguments of ip(8). One that fails is passed over. */
  readonly setUp: readonly string[];
  readonly addresses: readonly string[];
}
const top = fileURLToPath(new URL("../../..", import.meta.url));
const program = fileURLToPath(new URL("../../../test/host/network/own-addresses.ts", import.meta.url));

const nets4 = ["172.17.0", "172.18.5", "192.168.7", "10.9.8", "203.0.113", "100.64.1"] as const;
const nets6 = ["fd17:", "fd18:5", "2001:db8:7", "fd99:1:2"] as const;
const address = (r: Random): string =>
  r.chance(0.7) ? `${r.pick(nets4)}.${r.pick([0, 1, 2, 9, 254, 255])}` : `${r.pick(nets6)}::${r.pick(["", "1", "2", "ffff"])}`;
const prefix = (r: Random, of: string): string =>
  of.includes(":") ? r.pick(["64", "128", "120", "48"]) : r.pick(["24", "32", "30", "16", "31"]);
const step = (r: Random): string => {
  const [device, to] = [r.pick(["br0", "br1", "ve0", "lo"]), address(r)];
  const family = to.includes(":") ? "-6 " : "";
  return r.pick([
    `link set ${device} ${r.pick(["up", "down"])}`,
    `addr add ${to}/${prefix(r, to)} dev ${device}`,
    `addr add ${to}/${prefix(r, to)} dev ${device}`,
    `${family}route add ${r.pick(["local", "unicast", "blackhole", "unreachable"])} ${to}/${family ? "128" : "32"} dev lo`,
    `${family}route add local ${to.replace(family ? /::.*/ : /\d+$/, family ? "::" : "0")}/${family ? "64" : "24"} dev lo table ${r.pick(["main", "local"])}`,
    `${family}route add default dev ${device}`,
  ]);
};
const draw = (r: Random): Input => ({
  setUp: Array.from({ length: 3 + r.below(10) }, () => step(r)),
  addresses: [...new Set(Array.from({ length: 8 }, () => address(r)))].flatMap((one) =>
    one.includes(":") ? [one] : [one, `::ffff:${one}`],
  ),
});

const inNamespace = (script: string) =>
  spawnSync("unshare", ["-n", "sh", "-c", script], { cwd: top, encoding: "utf8", timeout: 30_000, maxBuffer: 1 << 24 });

export const netEdge = kind<Input>({
  summary: "--net host beside random devices, addresses and local routes: the host's own addresses are refused (root)",
  bounds: { seconds: 60, megabytes: 700 },
  needs: () => {
    if (inNamespace("ip link add br0 type bridge").status !== 0)
      throw new Problem("host", "the kind net-edge needs network namespaces: root, unshare and ip");
  },
  draw,
  check: ({ setUp, addresses }) => {
    const devices = [
      "link set lo up",
      "link add br0 type bridge",
      "link add br1 type bridge",
      "link add ve0 type veth peer name ve1",
      ...setUp,
    ];
    const script = [
      "exec 3>&1",
      ...devices.map((words) => `ip ${words} >/dev/null 2>&1`),
      ...addresses.map((one) => `echo "route ${one} $(ip route get ${one.replace("::ffff:", "")} 2>/dev/null | head -n 1)"`),
      `${process.execPath} --import tsx ${program} ${addresses.join(" ")}`,
    ].join("\n");
    const { stdout, stderr } = inNamespace(script);
    const lines = stdout.trim().split("\n");
    const { heard, results } = JSON.parse(lines.at(-1) ?? "") as { heard: readonly string[]; results: Readonly<Record<string, number>> };
    const wrong = (rule: string, seen: string): { inputs: number; digest: string; finding: Finding } => ({
      inputs: addresses.length,
      digest: "finding",
      finding: { rule, expected: "a refusal", seen },
    });
    if (heard.length > 0) return wrong("no service of the host hears a packet", `${heard.join(", ")} ${stderr}`);
    for (const one of addresses) {
      const route = lines.find((line) => line.startsWith(`route ${one} `)) ?? "";
      const isLocal = route.includes(`route ${one} local `);
      if (isLocal && (results[one] !== -E.EHOSTUNREACH || results[`${one} udp`] !== -E.EHOSTUNREACH))
        return wrong("what the kernel delivers to itself is refused", `${route}: ${results[one]}`);
    }
    return noFinding(addresses.length, digestOf(JSON.stringify(Object.entries(results).filter(([name]) => !name.endsWith("later")))));
  },
  parts: { of: ({ setUp }) => setUp, with: (input, setUp) => ({ ...input, setUp: setUp as readonly string[] }) },
});
