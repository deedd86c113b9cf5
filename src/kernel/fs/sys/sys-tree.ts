// The files of /sys: processors, memory nodes, the loopback device, settings of memory. Linux
// Documentation/ABI/testing/sysfs-*.

import { hugePool } from "../../../memory/huge/pool.ts";
import type { Kernel } from "../../core/kernel.ts";
import { type Device, devicesOf, lo } from "../../net/devices.ts";
import type { Loop } from "../files/loop-device.ts";
import { hugePageFolders, nodeHugePages } from "../proc/machine/huge-pages.ts";
import type { FixedTree } from "../proc/tree/fixed-tree.ts";
import type { ProcContent } from "../proc/tree/node.ts";
import { major, minor } from "../vfs/mode.ts";
import { loopTree } from "./block.ts";

const constant = (text: string | number): ProcContent => ({ read: () => `${text}\n` });
const list = (n: number): string => (n === 1 ? "0" : `0-${n - 1}`);
const mask = (n: number): string => (2 ** n - 1).toString(16);

const cpu = (n: number): FixedTree => ({
  online: constant(1),
  topology: {
    core_cpus: constant((2 ** n).toString(16)),
    core_cpus_list: constant(n),
    core_id: constant(n),
    core_siblings: constant(mask(1)),
    core_siblings_list: constant(n),
    die_id: constant(0),
    package_cpus_list: constant(n),
    physical_package_id: constant(0),
    thread_siblings: constant((2 ** n).toString(16)),
    thread_siblings_list: constant(n),
  },
});
const vulnerabilities = ["l1tf", "mds", "meltdown", "spec_store_bypass", "spectre_v1", "spectre_v2", "tsx_async_abort"];

const hex = (octets: readonly number[]): string => octets.map((octet) => octet.toString(16).padStart(2, "0")).join(":");
const deviceFiles = (device: Device): FixedTree => ({
  addr_len: constant(6),
  address: constant(hex(device.mac)),
  broadcast: constant(hex(device.broadcast)),
  carrier: { read: (task) => (device.flags(task.net) & 1 ? "1\n" : "0\n") },
  dormant: constant(0),
  duplex: constant("unknown"),
  flags: { read: (task) => `0x${(device.flags(task.net) & 0x100f).toString(16)}\n` },
  ifindex: constant(device.index),
  iflink: constant(device.index),
  mtu: { read: (task) => `${device === lo ? task.net.mtu : device.mtu}\n` },
  operstate: { read: (task) => (!(device.flags(task.net) & 1) ? "down\n" : device === lo ? "unknown\n" : "up\n") },
  tx_queue_len: constant(device.queue),
  subsystem: { to: "../../../../class/net" },
  type: constant(device.hardware),
  uevent: constant(`INTERFACE=${device.name}\nIFINDEX=${device.index}`),
});

/** The tree below /sys, without /sys/fs. */
export const sysTree = (kernel: Kernel): FixedTree => {
  const { cpus } = kernel;
  const kB = (bytes: number): string => `${Math.floor(bytes / 1024)} kB`;
  const { frames } = kernel;
  const devices = Object.fromEntries(devicesOf(kernel.namespaces.net).map((device) => [device.name, deviceFiles(device)]));
  const netLinks = Object.fromEntries(Object.keys(devices).map((name) => [name, { to: `../../devices/virtual/net/${name}` }]));
  const { all: loops } = kernel.vfs.loops;
  const links = (prefix: string, nameOf: (loop: Loop) => string): FixedTree =>
    Object.fromEntries(loops.map((loop) => [nameOf(loop), { to: `${prefix}devices/virtual/block/loop${loop.index}` }]));
  return {
    block: links("../", ({ index }) => `loop${index}`),
    bus: { cpu: { devices: {} }, pci: { devices: {} }, usb: { devices: {} } },
    class: { block: links("../../", ({ index }) => `loop${index}`), mem: {}, misc: {}, net: netLinks, tty: {} },
    dev: { block: links("../../", ({ number }) => `${major(number)}:${minor(number)}`), char: {} },
    devices: {
      system: {
        clocksource: { clocksource0: { available_clocksource: constant("tsc"), current_clocksource: constant("tsc") } },
        cpu: {
          ...Object.fromEntries(Array.from({ length: cpus }, (_, n) => [`cpu${n}`, cpu(n)])),
          isolated: constant(""),
          kernel_max: constant(8191),
          offline: constant(""),
          online: constant(list(cpus)),
          possible: constant(list(cpus)),
          present: constant(list(cpus)),
          smt: { active: constant(0), control: constant("notsupported") },
          vulnerabilities: Object.fromEntries(vulnerabilities.map((name) => [name, constant("Not affected")])),
        },
        node: {
          has_cpu: constant(0),
          has_memory: constant(0),
          has_normal_memory: constant(0),
          node0: {
            cpulist: constant(list(cpus)),
            cpumap: constant(mask(cpus)),
            distance: constant(10),
            hugepages: nodeHugePages(hugePool(frames)),
            meminfo: {
              read: () => {
                const [total, free] = [frames.total * 4096, Math.max(0, frames.free) * 4096];
                const rows = { MemTotal: total, MemFree: free, MemUsed: total - free, FilePages: 0 };
                return Object.entries(rows)
                  .map(([name, bytes]) => `Node 0 ${`${name}:`.padEnd(15)} ${kB(bytes)}\n`)
                  .join("");
              },
            },
          },
          online: constant(0),
          possible: constant(0),
        },
      },
      virtual: { block: Object.fromEntries(loops.map((loop) => [`loop${loop.index}`, () => loopTree(loop)])), net: devices },
    },
    firmware: {},
    kernel: {
      cgroup: { delegate: constant("cgroup.procs\ncgroup.threads\ncgroup.subtree_control"), features: constant("nsdelegate") },
      mm: {
        hugepages: hugePageFolders(hugePool(frames)),
        transparent_hugepage: {
          defrag: constant("always defer defer+madvise madvise [never]"),
          enabled: constant("always madvise [never]"),
          hpage_pmd_size: constant(2097152),
          shmem_enabled: constant("always within_size advise [never] deny force"),
        },
      },
      profiling: constant(0),
      security: {},
      uevent_seqnum: constant(0),
    },
    module: {},
    power: { state: constant("") },
  };
};
