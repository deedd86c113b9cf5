// Settings of network namespaces that change nothing here. Documentation/networking/ip-sysctl.rst,
// Documentation/admin-guide/sysctl/net.rst.
import type { FixedTree } from "../tree/fixed-tree.ts";
import { type StoredTable, storedSettings } from "./stored.ts";

const INT_MAX = 0x7fff_ffff;
const flag = [0, 1] as const;
const byte = [0, 255] as const;
const count = [0, INT_MAX] as const;
const any = [-INT_MAX - 1, INT_MAX] as const;
const off = [0, ...any] as const;
const on = [1, ...any] as const;

/** Settings by folder. */
// biome-ignore format: table
export const netSettings: StoredTable = {
  "net/core": {
    bpf_jit_enable: [1, 0, 2], bpf_jit_harden: [0, 0, 2, 0o600], busy_poll: [0, ...count], busy_read: [0, ...count], default_qdisc: { word: "pfifo_fast", most: 15 },
    dev_weight: [64, 1, INT_MAX], dev_weight_rx_bias: [1, 1, INT_MAX], dev_weight_tx_bias: [1, 1, INT_MAX], fb_tunnels_only_for_init_net: [0, 0, 2],
    gro_normal_batch: [8, 1, INT_MAX], high_order_alloc_disable: [0, ...flag], max_skb_frags: [17, 1, 17], message_burst: [10, ...any], message_cost: [5, ...count],
    netdev_budget: [300, ...any], netdev_budget_usecs: [8000, 0, INT_MAX], netdev_max_backlog: [1000, ...any], netdev_tstamp_prequeue: [1, ...any],
    optmem_max: [131072, ...count], rmem_default: [212992, 2304, INT_MAX], rmem_max: [212992, 2304, INT_MAX], tstamp_allow_data: [1, ...flag],
    txrehash: [1, ...flag], warnings: off, wmem_default: [212992, 4608, INT_MAX], wmem_max: [212992, 4608, INT_MAX],
  },
  "net/ipv4": {
    fib_multipath_hash_fields: [7, 1, 4095], fib_multipath_hash_policy: [0, 0, 3], fib_multipath_use_neigh: [0, ...flag], fib_notify_on_flag_change: [0, 0, 2],
    fib_sync_mem: [524288, 65536, 67108864], fwmark_reflect: [0, ...byte], icmp_echo_enable_probe: [0, ...flag], icmp_echo_ignore_all: [0, ...flag],
    icmp_echo_ignore_broadcasts: [1, ...flag], icmp_errors_use_inbound_ifaddr: [0, ...flag], icmp_ignore_bogus_error_responses: [1, ...flag],
    icmp_msgs_burst: [50, ...count], icmp_msgs_per_sec: [1000, ...count], icmp_ratelimit: [1000, ...count], icmp_ratemask: [6168, ...count],
    igmp_link_local_mcast_reports: [1, ...byte], igmp_max_memberships: [20, ...any], igmp_max_msf: [10, ...any], igmp_qrv: [2, 1, INT_MAX],
    inet_peer_maxttl: [600, ...count], inet_peer_minttl: [120, ...count], inet_peer_threshold: [65664, ...any], ip_autobind_reuse: [0, ...flag],
    ip_default_ttl: [64, 1, 255], ip_dynaddr: [0, ...byte], ip_early_demux: [1, ...byte], ip_forward: [0, ...any], ip_forward_update_priority: [1, ...flag],
    ip_forward_use_pmtu: [0, ...byte], ip_local_reserved_ports: { word: "", most: 4096 }, ip_no_pmtu_disc: [0, 0, 3],
    ipfrag_high_thresh: [4194304, ...count], ipfrag_low_thresh: [3145728, ...count], ipfrag_max_dist: [64, ...count], ipfrag_secret_interval: [0, ...any],
    ipfrag_time: [30, ...any], nexthop_compat_mode: [1, ...flag], raw_l3mdev_accept: [1, ...flag], tcp_abort_on_overflow: [0, ...flag], tcp_adv_win_scale: [1, -31, 31],
    tcp_allowed_congestion_control: { word: "reno cubic" }, tcp_app_win: [31, 0, 31], tcp_autocorking: [1, ...flag],
    tcp_available_congestion_control: "reno cubic", tcp_available_ulp: "", tcp_backlog_ack_defer: [1, ...flag], tcp_base_mss: [1024, ...any],
    tcp_challenge_ack_limit: [INT_MAX, ...any], tcp_child_ehash_entries: [0, 0, 16777216], tcp_comp_sack_delay_ns: [1000000, ...count], tcp_comp_sack_nr: [44, ...byte],
    tcp_comp_sack_slack_ns: [100000, ...count], tcp_congestion_control: { word: "cubic", among: ["reno", "cubic"] }, tcp_dsack: [1, ...byte],
    tcp_early_demux: [1, ...byte], tcp_early_retrans: [3, 0, 4], tcp_ecn: [2, 0, 2], tcp_ecn_fallback: [1, ...flag], tcp_ehash_entries: "-8192", tcp_fack: [0, ...byte],
    tcp_fastopen: [1, ...any], tcp_fastopen_blackhole_timeout_sec: [0, ...count], tcp_fin_timeout: [60, ...any], tcp_frto: [2, ...byte], tcp_fwmark_accept: [0, ...byte],
    tcp_invalid_ratelimit: [500, ...count], tcp_keepalive_intvl: [75, ...any], tcp_keepalive_probes: [9, ...byte], tcp_keepalive_time: [7200, ...any],
    tcp_l3mdev_accept: [0, ...flag], tcp_limit_output_bytes: [4194304, ...any], tcp_low_latency: [0, ...any], tcp_max_orphans: [4096, ...any], tcp_max_reordering: [300, ...any],
    tcp_max_syn_backlog: [128, ...any], tcp_max_tw_buckets: [4096, ...any], tcp_mem: [[11520, 15360, 23040], 0, INT_MAX], tcp_migrate_req: [0, ...flag],
    tcp_min_rtt_wlen: [300, 0, 86400], tcp_min_snd_mss: [48, 48, 65535], tcp_min_tso_segs: [2, ...byte], tcp_moderate_rcvbuf: [1, ...byte], tcp_mtu_probe_floor: [48, 48, 65535],
    tcp_mtu_probing: [0, ...byte], tcp_no_metrics_save: [0, ...byte], tcp_no_ssthresh_metrics_save: [1, ...flag], tcp_notsent_lowat: [4294967295, 0, 4294967295],
    tcp_orphan_retries: [0, ...byte], tcp_pacing_ca_ratio: [120, 0, 1000], tcp_pacing_ss_ratio: [200, 0, 1000], tcp_pingpong_thresh: [1, 1, 255],
    tcp_plb_cong_thresh: [128, 0, 256], tcp_plb_enabled: [0, ...flag], tcp_plb_idle_rehash_rounds: [3, 0, 31], tcp_plb_rehash_rounds: [12, 0, 31],
    tcp_plb_suspend_rto_sec: [60, ...byte], tcp_probe_interval: [600, ...count], tcp_probe_threshold: [8, ...any], tcp_recovery: [1, ...byte], tcp_reflect_tos: [0, ...flag],
    tcp_reordering: [3, ...any], tcp_retrans_collapse: [1, ...byte], tcp_retries1: [3, ...byte], tcp_retries2: [15, ...byte], tcp_rfc1337: [0, ...byte],
    tcp_rmem: [[4096, 131072, 6291456], 4096, INT_MAX], tcp_rto_min_us: [200000, 1, INT_MAX], tcp_sack: [1, ...byte], tcp_shrink_window: [0, ...flag],
    tcp_slow_start_after_idle: [1, ...byte], tcp_stdurg: [0, ...byte], tcp_syn_linear_timeouts: [4, 0, 127], tcp_syn_retries: [6, 1, 127], tcp_synack_retries: [5, ...byte],
    tcp_syncookies: [1, 0, 2], tcp_thin_linear_timeouts: [0, ...byte], tcp_timestamps: [1, 0, 2], tcp_tso_rtt_log: [9, ...byte], tcp_tso_win_divisor: [3, ...byte],
    tcp_tw_reuse: [2, 0, 2], tcp_window_scaling: [1, ...byte], tcp_wmem: [[4096, 16384, 4194304], 1, INT_MAX], tcp_workaround_signed_windows: [0, ...byte],
    udp_child_hash_entries: [0, 0, 65536], udp_early_demux: [1, ...byte], udp_hash_entries: "-512", udp_l3mdev_accept: [0, ...flag], udp_mem: [[23040, 30720, 46080], 0, INT_MAX],
    udp_rmem_min: [4096, 1, INT_MAX], udp_wmem_min: [4096, 1, INT_MAX],
  },
  "net/ipv4/route": {
    error_burst: [5000, ...any], error_cost: [1000, ...any], gc_elasticity: [8, ...any], gc_interval: [60, ...any], gc_min_interval: [0, ...any], gc_min_interval_ms: [500, ...any],
    gc_thresh: [-1, ...any], gc_timeout: [300, ...any], max_size: [INT_MAX, ...any], min_adv_mss: [256, ...any], min_pmtu: [552, 68, INT_MAX], mtu_expires: [600, ...any],
    redirect_load: [20, ...any], redirect_number: [9, ...any], redirect_silence: [20480, ...any],
  },
  "net/ipv4/conf": {
    accept_local: off, accept_redirects: on, accept_source_route: on, arp_accept: off, arp_announce: off, arp_evict_nocarrier: on, arp_filter: off, arp_ignore: off,
    arp_notify: off, bc_forwarding: off, bootp_relay: off, disable_policy: off, disable_xfrm: off, drop_gratuitous_arp: off, drop_unicast_in_l2_multicast: off,
    force_igmp_version: off, forwarding: off, igmpv2_unsolicited_report_interval: [10000, ...any], igmpv3_unsolicited_report_interval: [1000, ...any],
    ignore_routes_with_linkdown: off, log_martians: off, mc_forwarding: "0", medium_id: off, promote_secondaries: off, proxy_arp: off, proxy_arp_pvlan: off,
    route_localnet: off, rp_filter: off, secure_redirects: on, send_redirects: on, shared_media: on, src_valid_mark: off, tag: off,
  },
  "net/neigh": {
    anycast_delay: [100, ...count], app_solicit: [0, ...count], base_reachable_time_ms: [30000, ...count], delay_first_probe_time: [5, ...count],
    gc_stale_time: [60, ...count], interval_probe_time_ms: [5000, 1, INT_MAX], locktime: [100, ...any], mcast_resolicit: [0, ...count], mcast_solicit: [3, ...count],
    proxy_delay: [80, ...count], proxy_qlen: [64, ...count], retrans_time_ms: [1000, ...count], ucast_solicit: [3, ...count], unres_qlen: [101, ...count],
    unres_qlen_bytes: [212992, ...count],
  },
  "net/neigh/default": { gc_interval: [30, ...count], gc_thresh1: [128, ...count], gc_thresh2: [512, ...count], gc_thresh3: [1024, ...count] },
  "net/ipv6": {
    anycast_src_echo_reply: [0, ...flag], auto_flowlabels: [1, 0, 3], fib_multipath_hash_fields: [7, 1, 4095], fib_multipath_hash_policy: [0, 0, 3],
    fib_notify_on_flag_change: [0, 0, 2], flowlabel_consistency: [1, ...flag], flowlabel_reflect: [0, 0, 7], flowlabel_state_ranges: [0, ...flag], fwmark_reflect: [0, ...flag],
    idgen_delay: [1, ...any], idgen_retries: [3, ...any], ip6frag_high_thresh: [4194304, ...count], ip6frag_low_thresh: [3145728, ...count],
    ip6frag_secret_interval: [0, ...any], ip6frag_time: [60, ...any], max_dst_opts_length: [INT_MAX, ...any], max_dst_opts_number: [8, ...any],
    max_hbh_length: [INT_MAX, ...any], max_hbh_opts_number: [8, ...any], mld_max_msf: [64, ...any], mld_qrv: [2, 1, INT_MAX],
  },
  "net/ipv6/icmp": {
    echo_ignore_all: [0, ...flag], echo_ignore_anycast: [0, ...flag], echo_ignore_multicast: [0, ...flag], error_anycast_as_unicast: [0, ...flag], ratelimit: [1000, ...count],
    ratemask: { word: "0-1,3-127", most: 256 },
  },
  "net/ipv6/route": {
    gc_elasticity: [9, ...any], gc_interval: [30, ...any], gc_min_interval: [0, ...any], gc_min_interval_ms: [500, ...any], gc_thresh: [1024, ...any], gc_timeout: [60, ...any],
    max_size: [INT_MAX, ...any], min_adv_mss: [1220, ...any], mtu_expires: [600, ...any],
  },
  "net/ipv6/conf": {
    accept_dad: on, accept_ra: on, accept_ra_defrtr: on, accept_ra_from_local: off, accept_ra_min_hop_limit: on, accept_ra_min_lft: off, accept_ra_mtu: on, accept_ra_pinfo: on,
    accept_ra_rt_info_max_plen: off, accept_ra_rt_info_min_plen: off, accept_ra_rtr_pref: on, accept_redirects: on, accept_source_route: off, accept_untracked_na: [0, 0, 2],
    addr_gen_mode: [0, 0, 3], autoconf: on, dad_transmits: on, disable_ipv6: off, disable_policy: off, drop_unicast_in_l2_multicast: off, drop_unsolicited_na: off,
    enhanced_dad: on, force_mld_version: off, force_tllao: off, forwarding: off, hop_limit: [64, 1, 255], ignore_routes_with_linkdown: off, ioam6_enabled: [0, ...flag],
    ioam6_id: [65535, 0, 65535], ioam6_id_wide: [4294967295, 0, 4294967295], keep_addr_on_down: off, max_addresses: [16, ...any], max_desync_factor: [600, ...any], mc_forwarding: "0",
    mldv1_unsolicited_report_interval: [10000, ...any], mldv2_unsolicited_report_interval: [1000, ...any], mtu: [1280, 1280, INT_MAX], ndisc_evict_nocarrier: [1, ...flag],
    ndisc_notify: off, ndisc_tclass: [0, ...byte], optimistic_dad: off, proxy_ndp: off, ra_defrtr_metric: [1024, 1, INT_MAX], ra_honor_pio_life: [0, ...flag],
    ra_honor_pio_pflag: [0, ...flag], regen_max_retry: [3, ...any], regen_min_advance: [2, ...any], router_probe_interval: [60, ...any], router_solicitation_delay: [1, ...any],
    router_solicitation_interval: [4, ...any], router_solicitation_max_interval: [3600, ...any], router_solicitations: [-1, -1, INT_MAX], rpl_seg_enabled: off, seg6_enabled: off,
    seg6_require_hmac: [0, -1, 1], suppress_frag_ndisc: on, temp_prefered_lft: [86400, ...any], temp_valid_lft: [604800, ...any], use_oif_addrs_only: off, use_optimistic: off,
    use_tempaddr: off,
  },
  "net/unix": { max_dgram_qlen: [10, ...any] },
};
/** The loopback device has other values at boot. Linux devinet_init(), ipv6_add_dev(). */
const loopback: StoredTable = {
  "net/ipv4/conf": { disable_policy: on, disable_xfrm: on },
  "net/ipv6/conf": { accept_dad: [-1, ...any], mtu: [65536, 1280, INT_MAX], use_tempaddr: [-1, ...any] },
};

/** The folders of the devices and of what holds for all of them, at `folder`. */
const perDevice = (devices: readonly string[], table: string, folder: string, general: readonly string[]): FixedTree =>
  Object.fromEntries(
    [...general, ...devices].map((device) => {
      const name = `${folder}/${device}`;
      return [device, { ...storedSettings(netSettings, table, name), ...(device === "lo" ? storedSettings(loopback, table, name) : {}) }];
    }),
  );

/** The folders of one IP version that hold settings of devices, by their names. */
export const deviceSettings = (devices: readonly string[], folder: "net/ipv4" | "net/ipv6"): FixedTree => {
  const neigh = perDevice(devices, "net/neigh", `${folder}/neigh`, ["default"]);
  return {
    conf: perDevice(devices, `${folder}/conf`, `${folder}/conf`, ["all", "default"]),
    neigh: {
      ...neigh,
      default: { ...(neigh["default"] as FixedTree), ...storedSettings(netSettings, "net/neigh/default", `${folder}/neigh/default`) },
    },
  };
};
