// The host's own addresses are those that its kernel routes to itself, and no service of the host sees a
// connection to them. Judge: the host's kernel, in a network namespace of the test.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { E } from "../../../src/abi/errno.ts";
import { canBind, localPrefixes4, localPrefixes6 } from "../../../src/host/network/local-addresses.ts";
import { missing, nativeX64, top } from "../../support/host.ts";

const namespace = (script: string) => spawnSync("unshare", ["-n", "sh", "-ec", script], { cwd: top, encoding: "utf8", timeout: 60_000 });
const can = { what: "network namespaces (root, unshare, ip)", met: namespace("ip link add br0 type bridge").status === 0 };
const skip = missing("the host's own addresses", nativeX64, can);
const tries = (setUp: string, addresses: readonly string[]) => {
  const { stdout, stderr, status } = namespace(
    `${setUp}\nexec ${process.execPath} --import tsx ${join(import.meta.dirname, "own-addresses.ts")} ${addresses.join(" ")}`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(stdout) as { readonly heard: readonly string[]; readonly results: Readonly<Record<string, number | string>> };
};

describe.skipIf(skip)("the host's own addresses", { timeout: 120_000 }, () => {
  const own = {
    "of an interface that is down": "172.17.0.1",
    "of an interface without a carrier": "172.18.0.1",
    "IPv6 of an interface without a carrier": "fd18::1",
    "IPv6 while the kernel looks for its duplicates": "fd19::1",
    mapped: "::ffff:172.17.0.1",
    "by a local route": "10.99.1.2",
    "by a local route with another source": "10.98.1.2",
    "by a local route of the main table": "10.97.1.2",
    "by a local route of IPv6": "fd99::7",
    "by a route through the loopback device": "10.96.1.2",
  };
  it("are refused before a packet leaves, whatever made them local", () => {
    const { heard, results } = tries(
      `ip link set lo up
       ip link add down0 type bridge; ip addr add 172.17.0.1/16 dev down0
       ip link add idle0 type bridge; ip addr add 172.18.0.1/16 dev idle0; ip link set idle0 up; ip addr add fd18::1/64 dev idle0 nodad
       ip link add in1 type veth peer name out1; ip link set in1 up; ip link set out1 up
       echo 20 > /proc/sys/net/ipv6/conf/in1/dad_transmits; ip addr add fd19::1/64 dev in1
       ip route add local 10.99.0.0/16 dev lo
       ip route add local 10.98.0.0/16 dev lo src 127.0.0.1
       ip route add local 10.97.0.0/16 dev lo table main
       ip -6 route add local fd99::/64 dev lo
       ip route add 10.96.0.0/16 dev lo`,
      Object.values(own),
    );
    const refused = Object.values(own).flatMap((address) => [address, `${address} udp`]);
    expect({ heard, results }).toEqual({ heard: [], results: Object.fromEntries(refused.map((name) => [name, -E.EHOSTUNREACH])) });
  });
  it("do not hide other machines of the network", () => {
    const { results } = tries(
      `ip link add in0 type veth peer name out0; ip addr add 192.168.77.1/24 dev in0; ip link set in0 up; ip link set out0 up
       ip route add local default dev lo table 100`,
      ["192.168.77.2"],
    );
    expect(results["192.168.77.2"]).toBe(0);
    expect(results["192.168.77.2 udp"]).toBe(0);
  });
  it("are those that a socket can be bound to, where there are no tables", () => {
    expect([canBind(0x7f00_0001), canBind(0xcb00_7109)]).toEqual([true, false]);
  });
  it("are read from the kernel's tables", () => {
    expect(
      localPrefixes4(
        "Id 100:\n     |-- 0.0.0.0\n        /0 host LOCAL\nLocal:\n  +-- 0.0.0.0/0 3 0 5\n        |-- 10.1.2.0\n           /24 link UNICAST\n           /32 link BROADCAST\n        |-- 10.1.2.3\n           /32 host LOCAL\n",
      ),
    ).toEqual([{ bytes: Uint8Array.of(10, 1, 2, 3), bits: 32 }]);
    const route = (address: string, bits: string, flags: string) =>
      `${address} ${bits} ${"0".repeat(32)} 00 ${"0".repeat(32)} 00000400 00000001 00000000 ${flags}       lo\n`;
    const text = route(`fd99${"0".repeat(28)}`, "40", "80000001") + route(`fd98${"0".repeat(28)}`, "40", "00000001");
    expect(localPrefixes6(text)).toEqual([{ bytes: Uint8Array.of(0xfd, 0x99, ...new Array(14).fill(0)), bits: 64 }]);
  });
});
