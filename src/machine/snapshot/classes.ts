// The classes of a machine's state, by file and name. Made by `npm run state` (tools/state-classes.ts).
// biome-ignore-all format: generated
// biome-ignore-all assist/source/organizeImports: generated
import { Fifo } from "../../kernel/base/fifo.ts";
import { OwnersException } from "../../kernel/base/internal-error.ts";
import { KernelLog } from "../../kernel/base/log.ts";
import { LowestIds } from "../../kernel/base/lowest-ids.ts";
import { Part } from "../../kernel/base/part.ts";
import { SeededRandom } from "../../kernel/base/random.ts";
import { WaitQueue } from "../../kernel/base/wait.ts";
import { DirectoryMark } from "../../kernel/calls/file/owner.ts";
import { CopyCursor, FileCopying } from "../../kernel/calls/file/splice.ts";
import { Transfer } from "../../kernel/calls/file/transfer.ts";
import { FutexSleep } from "../../kernel/calls/futex/futex2.ts";
import { DetachedTree } from "../../kernel/calls/mount/api.ts";
import { ContextFile } from "../../kernel/calls/mount/context.ts";
import { MemoryCopying } from "../../kernel/calls/process/inspect.ts";
import { BpfProgramFile } from "../../kernel/calls/security/bpf.ts";
import { Cgroup } from "../../kernel/cgroup/cgroup.ts";
import { DeviceProgram } from "../../kernel/cgroup/device-program.ts";
import { Kernel } from "../../kernel/core/kernel.ts";
import { Process } from "../../kernel/core/process.ts";
import { RegistersReplaced } from "../../kernel/core/result.ts";
import { TaskPart } from "../../kernel/core/task-part.ts";
import { Task } from "../../kernel/core/task.ts";
import { CoreDump } from "../../kernel/coredump/core-dump.ts";
import { CpuTime } from "../../kernel/cpu-time.ts";
import { UserNamespace } from "../../kernel/cred/user-namespace.ts";
import { Gate } from "../../kernel/entry/gate.ts";
import { SplitReads } from "../../kernel/entry/split-reads.ts";
import { StringBuffer } from "../../kernel/exec/strings.ts";
import { MappedVdso, Vdso, VdsoBytes } from "../../kernel/exec/vdso.ts";
import { AioContext, AioContexts } from "../../kernel/features/aio/context.ts";
import { AioPoll, AioRequest, AioTransfer } from "../../kernel/features/aio/submit.ts";
import { Allocator, Release } from "../../kernel/features/ext2/allocate.ts";
import { BlockMap } from "../../kernel/features/ext2/block-map.ts";
import { DirIndex } from "../../kernel/features/ext2/dir-index.ts";
import { Ext2Dir } from "../../kernel/features/ext2/dir.ts";
import { Ext2Fs } from "../../kernel/features/ext2/ext2.ts";
import { Ext2File, Ext2Node } from "../../kernel/features/ext2/file.ts";
import { Raw } from "../../kernel/features/ext2/layout.ts";
import { StoredInode } from "../../kernel/features/ext2/node.ts";
import { Volume } from "../../kernel/features/ext2/volume.ts";
import { FanotifyFile } from "../../kernel/features/fanotify/group.ts";
import { FanotifyMark } from "../../kernel/features/fanotify/mark.ts";
import { PermissionEvent } from "../../kernel/features/fanotify/question.ts";
import { BufferGroups } from "../../kernel/features/io-uring/buffers.ts";
import { FixedFiles } from "../../kernel/features/io-uring/fixed-files.ts";
import { TaskRings } from "../../kernel/features/io-uring/part.ts";
import { Poller } from "../../kernel/features/io-uring/poller.ts";
import { UringRequest } from "../../kernel/features/io-uring/request.ts";
import { Resource } from "../../kernel/features/io-uring/resource.ts";
import { UringFile } from "../../kernel/features/io-uring/ring.ts";
import { Starting } from "../../kernel/features/io-uring/starting.ts";
import { AuthorityKey } from "../../kernel/features/keyrings/authority.ts";
import { Key } from "../../kernel/features/keyrings/key.ts";
import { Keyring } from "../../kernel/features/keyrings/keyring.ts";
import { Keys, NamespaceKeys } from "../../kernel/features/keyrings/keys.ts";
import { KeyConstruction } from "../../kernel/features/keyrings/request.ts";
import { TaskKeys } from "../../kernel/features/keyrings/task-keys.ts";
import { RulesetFile } from "../../kernel/features/landlock/calls.ts";
import { MqueueReceiving, MqueueSending } from "../../kernel/features/mqueue/calls.ts";
import { MqueueDir, MqueueFile, MqueueFs, MqueueInode, MqueueNamespace } from "../../kernel/features/mqueue/mqueue.ts";
import { NetlinkPorts, NetlinkSocket } from "../../kernel/features/netlink/netlink.ts";
import { OverlayDir } from "../../kernel/features/overlayfs/dir.ts";
import { OverlayFile, OverlayOpen, OverlayOther } from "../../kernel/features/overlayfs/file.ts";
import { OverlayNodes } from "../../kernel/features/overlayfs/node.ts";
import { OverlayFs } from "../../kernel/features/overlayfs/overlay.ts";
import { PacketSocket } from "../../kernel/features/raw-sockets/packet.ts";
import { PingSocket } from "../../kernel/features/raw-sockets/ping.ts";
import { PacketQueue } from "../../kernel/features/raw-sockets/queue.ts";
import { RawSocket } from "../../kernel/features/raw-sockets/raw.ts";
import { BlockRing, FrameRing } from "../../kernel/features/raw-sockets/ring.ts";
import { IpcIds } from "../../kernel/features/system-v-ipc/ids.ts";
import { ReceivingMessage, SendingMessage } from "../../kernel/features/system-v-ipc/msg.ts";
import { SystemV } from "../../kernel/features/system-v-ipc/namespace.ts";
import { Queue } from "../../kernel/features/system-v-ipc/queue.ts";
import { SharedSegment } from "../../kernel/features/system-v-ipc/segment.ts";
import { SemaphoreWait } from "../../kernel/features/system-v-ipc/sem.ts";
import { SemaphoreSet } from "../../kernel/features/system-v-ipc/semaphores.ts";
import { UndoList } from "../../kernel/features/system-v-ipc/undo.ts";
import { UserfaultDevice } from "../../kernel/features/userfaultfd/device.ts";
import { UserfaultFile } from "../../kernel/features/userfaultfd/file.ts";
import { AskedFault, FaultWatch } from "../../kernel/features/userfaultfd/pages.ts";
import { DevTmpFs } from "../../kernel/fs/devtmpfs.ts";
import { ByteQueue } from "../../kernel/fs/files/byte-queue.ts";
import { FullDevice, NullDevice, RandomDevice, ZeroDevice } from "../../kernel/fs/files/devices.ts";
import { DirFile } from "../../kernel/fs/files/dir-file.ts";
import { EpollFile, EpollItem } from "../../kernel/fs/files/epoll.ts";
import { EventFile } from "../../kernel/fs/files/eventfd.ts";
import { InotifyFile, InotifyWatch } from "../../kernel/fs/files/inotify.ts";
import { KmsgDevice, ProcKmsg } from "../../kernel/fs/files/kmsg.ts";
import { Loop, Loops } from "../../kernel/fs/files/loop-device.ts";
import { LoopControl, LoopFile } from "../../kernel/fs/files/loop.ts";
import { Pipe, PipeEnd, PipeLimits } from "../../kernel/fs/files/pipe.ts";
import { RegularFile } from "../../kernel/fs/files/regular.ts";
import { SharedPages } from "../../kernel/fs/files/shared-pages.ts";
import { SignalFile } from "../../kernel/fs/files/signalfd.ts";
import { StreamInode, StreamInput, StreamOutput } from "../../kernel/fs/files/stream-file.ts";
import { ByteSource } from "../../kernel/fs/files/stream.ts";
import { WatchLimits } from "../../kernel/fs/files/watch-limits.ts";
import { ProcMemFile } from "../../kernel/fs/proc/mem.ts";
import { MemoryNode } from "../../kernel/fs/proc/memory-file.ts";
import { PagemapFile } from "../../kernel/fs/proc/pagemap.ts";
import { ProcFs } from "../../kernel/fs/proc/procfs.ts";
import { Derived } from "../../kernel/fs/proc/tree/derived.ts";
import { ProcDirNode, ProcFileNode, ProcLinkNode } from "../../kernel/fs/proc/tree/node.ts";
import { ProcFile, ProcSequence } from "../../kernel/fs/proc/tree/open-file.ts";
import { CgroupDir, CgroupFileNode, CgroupFs } from "../../kernel/fs/sys/cgroup-fs.ts";
import { SysFs } from "../../kernel/fs/sys/sysfs.ts";
import { InputProcessor } from "../../kernel/fs/tty/input.ts";
import { OutputProcessor } from "../../kernel/fs/tty/output.ts";
import { DevPts, Master, Pty, PtySlave } from "../../kernel/fs/tty/pty.ts";
import { TtyFile } from "../../kernel/fs/tty/tty-file.ts";
import { Tty } from "../../kernel/fs/tty/tty.ts";
import { Content, ContentBudget } from "../../kernel/fs/types/content.ts";
import { HostBase, HostFs, HostFsDir, HostFsLink, HostFsSpecial } from "../../kernel/fs/types/host-fs.ts";
import { HostRwFile, HostRwFs, HostRwNode } from "../../kernel/fs/types/host-rw.ts";
import { HugeContent, HugeDescription, HugeFile, HugeFs } from "../../kernel/fs/types/hugetlbfs.ts";
import { MemDir, MemFile, MemFs, MemLink, MemNode } from "../../kernel/fs/types/memfs.ts";
import { MountContext } from "../../kernel/fs/types/mountable.ts";
import { NsFile, NsFs, NsInode } from "../../kernel/fs/types/nsfs.ts";
import { OverlayContent } from "../../kernel/fs/types/overlay-content.ts";
import { HostOverlayFs, UpperPlace } from "../../kernel/fs/types/overlay-fs.ts";
import { HostOverlayDir, HostOverlayFile, HostOverlayNode } from "../../kernel/fs/types/overlay-inodes.ts";
import { RamFs } from "../../kernel/fs/types/ramfs.ts";
import { SecretFile, SecretInode } from "../../kernel/fs/types/secretmem.ts";
import { UpperState } from "../../kernel/fs/types/upper-state.ts";
import { Vfs } from "../../kernel/fs/vfs.ts";
import { AnonFs, AnonInode } from "../../kernel/fs/vfs/anon.ts";
import { AsyncFile } from "../../kernel/fs/vfs/async-file.ts";
import { FsContext } from "../../kernel/fs/vfs/context.ts";
import { Dentry } from "../../kernel/fs/vfs/dentry.ts";
import { FdTable } from "../../kernel/fs/vfs/fd-table.ts";
import { FileEvents } from "../../kernel/fs/vfs/inode.ts";
import { Leases } from "../../kernel/fs/vfs/leases.ts";
import { LockTable, LockWait, Locks, OwnRecords } from "../../kernel/fs/vfs/locks.ts";
import { Mount, MountNamespace } from "../../kernel/fs/vfs/mount.ts";
import { PathFile } from "../../kernel/fs/vfs/path-file.ts";
import { MountIds, PeerGroup } from "../../kernel/fs/vfs/peers.ts";
import { PathWalk } from "../../kernel/fs/vfs/resolve.ts";
import { FutexQueue, FutexTable, FutexWaiter, FutexWaiters } from "../../kernel/futex/table.ts";
import { GarbageCollector } from "../../kernel/garbage-collector.ts";
import { CgroupNamespace, PartNamespace, UtsNamespace } from "../../kernel/namespace/set.ts";
import { SocketFilters } from "../../kernel/net/filter/filters.ts";
import { PacketProgram } from "../../kernel/net/filter/program.ts";
import { Groups } from "../../kernel/net/multicast.ts";
import { NetNamespace } from "../../kernel/net/namespace.ts";
import { Options } from "../../kernel/net/options/options.ts";
import { Bridge } from "../../kernel/net/outside/bridge.ts";
import { Uplink } from "../../kernel/net/outside/uplink.ts";
import { Ports } from "../../kernel/net/ports.ts";
import { SendBuffer } from "../../kernel/net/send-buffer.ts";
import { Stamps } from "../../kernel/net/stamps.ts";
import { TcpSocket } from "../../kernel/net/tcp.ts";
import { TcpCounts } from "../../kernel/net/tcp/info.ts";
import { UnsentBytes } from "../../kernel/net/tcp/unsent.ts";
import { UdpSocket } from "../../kernel/net/udp.ts";
import { Flight } from "../../kernel/net/unix/garbage.ts";
import { UnixTable } from "../../kernel/net/unix/table.ts";
import { UnixSocket } from "../../kernel/net/unix/unix.ts";
import { OomKiller } from "../../kernel/oom.ts";
import { DebugRegisters } from "../../kernel/ptrace/debug-registers.ts";
import { ContextSwitch } from "../../kernel/sched/context-switch.ts";
import { Placement } from "../../kernel/sched/placement.ts";
import { RunQueue } from "../../kernel/sched/run-queue.ts";
import { Scheduler } from "../../kernel/sched/scheduler.ts";
import { Sleepers, TaskDeadline } from "../../kernel/sched/sleepers.ts";
import { CoreSettings } from "../../kernel/signal/core-settings.ts";
import { SignalActions } from "../../kernel/signal/state/action.ts";
import { ArrivedSignals, PendingSignals } from "../../kernel/signal/state/pending.ts";
import { ProcessLimits } from "../../kernel/task/limits.ts";
import { PidNamespace } from "../../kernel/task/pid-namespace.ts";
import { Pidfd } from "../../kernel/task/pidfd.ts";
import { ExecutedProgram } from "../../kernel/task/program.ts";
import { TimeNamespace } from "../../kernel/task/time-namespace.ts";
import { CpuLimit } from "../../kernel/timer/cpu-limit.ts";
import { IntervalTimer, IntervalTimers } from "../../kernel/timer/itimer.ts";
import { PosixTimer, PosixTimers } from "../../kernel/timer/posix-timer.ts";
import { TimerFile } from "../../kernel/timer/timerfd.ts";
import { Timers } from "../../kernel/timer/timers.ts";
import { ListenerFile } from "../../kernel/user-notif/listener-file.ts";
import { AddFd, Listener, Notification } from "../../kernel/user-notif/notification.ts";
import { EarlyDeadlines, Follower, PointPlaces } from "../schedule.ts";
import { HostConsole, StandardStreams } from "../standard-streams.ts";
import { GivenBytes, SuppliedBytes } from "../tree.ts";
import { Account } from "../../memory/account.ts";
import { Areas } from "../../memory/areas.ts";
import { Frames } from "../../memory/frames.ts";
import { HugeCache } from "../../memory/huge/cache.ts";
import { NamelessHuge } from "../../memory/huge/map.ts";
import { HugeObject } from "../../memory/huge/object.ts";
import { HugePool } from "../../memory/huge/pool.ts";
import { OrderedMap } from "../../memory/ordered-map.ts";
import { PageCache } from "../../memory/page-cache.ts";
import { PageTable } from "../../memory/page-table.ts";
import { ZeroFill } from "../../memory/shmem.ts";
import { AddressSpace } from "../../memory/space.ts";
import { Filter } from "../../seccomp/filter.ts";
import { SpecialisedFilter } from "../../seccomp/special.ts";

/** Constructors by name. A bundle loads a class when it is wanted. */
export const classes: ReadonlyMap<string, () => object> = new Map<string, () => object>([
  ["kernel/base/fifo.ts:Fifo", () => Fifo],
  ["kernel/base/internal-error.ts:OwnersException", () => OwnersException],
  ["kernel/base/log.ts:KernelLog", () => KernelLog],
  ["kernel/base/lowest-ids.ts:LowestIds", () => LowestIds],
  ["kernel/base/part.ts:Part", () => Part],
  ["kernel/base/random.ts:SeededRandom", () => SeededRandom],
  ["kernel/base/wait.ts:WaitQueue", () => WaitQueue],
  ["kernel/calls/file/owner.ts:DirectoryMark", () => DirectoryMark],
  ["kernel/calls/file/splice.ts:CopyCursor", () => CopyCursor],
  ["kernel/calls/file/splice.ts:FileCopying", () => FileCopying],
  ["kernel/calls/file/transfer.ts:Transfer", () => Transfer],
  ["kernel/calls/futex/futex2.ts:FutexSleep", () => FutexSleep],
  ["kernel/calls/mount/api.ts:DetachedTree", () => DetachedTree],
  ["kernel/calls/mount/context.ts:ContextFile", () => ContextFile],
  ["kernel/calls/process/inspect.ts:MemoryCopying", () => MemoryCopying],
  ["kernel/calls/security/bpf.ts:BpfProgramFile", () => BpfProgramFile],
  ["kernel/cgroup/cgroup.ts:Cgroup", () => Cgroup],
  ["kernel/cgroup/device-program.ts:DeviceProgram", () => DeviceProgram],
  ["kernel/core/kernel.ts:Kernel", () => Kernel],
  ["kernel/core/process.ts:Process", () => Process],
  ["kernel/core/result.ts:RegistersReplaced", () => RegistersReplaced],
  ["kernel/core/task-part.ts:TaskPart", () => TaskPart],
  ["kernel/core/task.ts:Task", () => Task],
  ["kernel/coredump/core-dump.ts:CoreDump", () => CoreDump],
  ["kernel/cpu-time.ts:CpuTime", () => CpuTime],
  ["kernel/cred/user-namespace.ts:UserNamespace", () => UserNamespace],
  ["kernel/entry/gate.ts:Gate", () => Gate],
  ["kernel/entry/split-reads.ts:SplitReads", () => SplitReads],
  ["kernel/exec/strings.ts:StringBuffer", () => StringBuffer],
  ["kernel/exec/vdso.ts:MappedVdso", () => MappedVdso],
  ["kernel/exec/vdso.ts:Vdso", () => Vdso],
  ["kernel/exec/vdso.ts:VdsoBytes", () => VdsoBytes],
  ["kernel/features/aio/context.ts:AioContext", () => AioContext],
  ["kernel/features/aio/context.ts:AioContexts", () => AioContexts],
  ["kernel/features/aio/submit.ts:AioPoll", () => AioPoll],
  ["kernel/features/aio/submit.ts:AioRequest", () => AioRequest],
  ["kernel/features/aio/submit.ts:AioTransfer", () => AioTransfer],
  ["kernel/features/ext2/allocate.ts:Allocator", () => Allocator],
  ["kernel/features/ext2/allocate.ts:Release", () => Release],
  ["kernel/features/ext2/block-map.ts:BlockMap", () => BlockMap],
  ["kernel/features/ext2/dir-index.ts:DirIndex", () => DirIndex],
  ["kernel/features/ext2/dir.ts:Ext2Dir", () => Ext2Dir],
  ["kernel/features/ext2/ext2.ts:Ext2Fs", () => Ext2Fs],
  ["kernel/features/ext2/file.ts:Ext2File", () => Ext2File],
  ["kernel/features/ext2/file.ts:Ext2Node", () => Ext2Node],
  ["kernel/features/ext2/layout.ts:Raw", () => Raw],
  ["kernel/features/ext2/node.ts:StoredInode", () => StoredInode],
  ["kernel/features/ext2/volume.ts:Volume", () => Volume],
  ["kernel/features/fanotify/group.ts:FanotifyFile", () => FanotifyFile],
  ["kernel/features/fanotify/mark.ts:FanotifyMark", () => FanotifyMark],
  ["kernel/features/fanotify/question.ts:PermissionEvent", () => PermissionEvent],
  ["kernel/features/io-uring/buffers.ts:BufferGroups", () => BufferGroups],
  ["kernel/features/io-uring/fixed-files.ts:FixedFiles", () => FixedFiles],
  ["kernel/features/io-uring/part.ts:TaskRings", () => TaskRings],
  ["kernel/features/io-uring/poller.ts:Poller", () => Poller],
  ["kernel/features/io-uring/request.ts:UringRequest", () => UringRequest],
  ["kernel/features/io-uring/resource.ts:Resource", () => Resource],
  ["kernel/features/io-uring/ring.ts:UringFile", () => UringFile],
  ["kernel/features/io-uring/starting.ts:Starting", () => Starting],
  ["kernel/features/keyrings/authority.ts:AuthorityKey", () => AuthorityKey],
  ["kernel/features/keyrings/key.ts:Key", () => Key],
  ["kernel/features/keyrings/keyring.ts:Keyring", () => Keyring],
  ["kernel/features/keyrings/keys.ts:Keys", () => Keys],
  ["kernel/features/keyrings/keys.ts:NamespaceKeys", () => NamespaceKeys],
  ["kernel/features/keyrings/request.ts:KeyConstruction", () => KeyConstruction],
  ["kernel/features/keyrings/task-keys.ts:TaskKeys", () => TaskKeys],
  ["kernel/features/landlock/calls.ts:RulesetFile", () => RulesetFile],
  ["kernel/features/mqueue/calls.ts:MqueueReceiving", () => MqueueReceiving],
  ["kernel/features/mqueue/calls.ts:MqueueSending", () => MqueueSending],
  ["kernel/features/mqueue/mqueue.ts:MqueueDir", () => MqueueDir],
  ["kernel/features/mqueue/mqueue.ts:MqueueFile", () => MqueueFile],
  ["kernel/features/mqueue/mqueue.ts:MqueueFs", () => MqueueFs],
  ["kernel/features/mqueue/mqueue.ts:MqueueInode", () => MqueueInode],
  ["kernel/features/mqueue/mqueue.ts:MqueueNamespace", () => MqueueNamespace],
  ["kernel/features/netlink/netlink.ts:NetlinkPorts", () => NetlinkPorts],
  ["kernel/features/netlink/netlink.ts:NetlinkSocket", () => NetlinkSocket],
  ["kernel/features/overlayfs/dir.ts:OverlayDir", () => OverlayDir],
  ["kernel/features/overlayfs/file.ts:OverlayFile", () => OverlayFile],
  ["kernel/features/overlayfs/file.ts:OverlayOpen", () => OverlayOpen],
  ["kernel/features/overlayfs/file.ts:OverlayOther", () => OverlayOther],
  ["kernel/features/overlayfs/node.ts:OverlayNodes", () => OverlayNodes],
  ["kernel/features/overlayfs/overlay.ts:OverlayFs", () => OverlayFs],
  ["kernel/features/raw-sockets/packet.ts:PacketSocket", () => PacketSocket],
  ["kernel/features/raw-sockets/ping.ts:PingSocket", () => PingSocket],
  ["kernel/features/raw-sockets/queue.ts:PacketQueue", () => PacketQueue],
  ["kernel/features/raw-sockets/raw.ts:RawSocket", () => RawSocket],
  ["kernel/features/raw-sockets/ring.ts:BlockRing", () => BlockRing],
  ["kernel/features/raw-sockets/ring.ts:FrameRing", () => FrameRing],
  ["kernel/features/system-v-ipc/ids.ts:IpcIds", () => IpcIds],
  ["kernel/features/system-v-ipc/msg.ts:ReceivingMessage", () => ReceivingMessage],
  ["kernel/features/system-v-ipc/msg.ts:SendingMessage", () => SendingMessage],
  ["kernel/features/system-v-ipc/namespace.ts:SystemV", () => SystemV],
  ["kernel/features/system-v-ipc/queue.ts:Queue", () => Queue],
  ["kernel/features/system-v-ipc/segment.ts:SharedSegment", () => SharedSegment],
  ["kernel/features/system-v-ipc/sem.ts:SemaphoreWait", () => SemaphoreWait],
  ["kernel/features/system-v-ipc/semaphores.ts:SemaphoreSet", () => SemaphoreSet],
  ["kernel/features/system-v-ipc/undo.ts:UndoList", () => UndoList],
  ["kernel/features/userfaultfd/device.ts:UserfaultDevice", () => UserfaultDevice],
  ["kernel/features/userfaultfd/file.ts:UserfaultFile", () => UserfaultFile],
  ["kernel/features/userfaultfd/pages.ts:AskedFault", () => AskedFault],
  ["kernel/features/userfaultfd/pages.ts:FaultWatch", () => FaultWatch],
  ["kernel/fs/devtmpfs.ts:DevTmpFs", () => DevTmpFs],
  ["kernel/fs/files/byte-queue.ts:ByteQueue", () => ByteQueue],
  ["kernel/fs/files/devices.ts:FullDevice", () => FullDevice],
  ["kernel/fs/files/devices.ts:NullDevice", () => NullDevice],
  ["kernel/fs/files/devices.ts:RandomDevice", () => RandomDevice],
  ["kernel/fs/files/devices.ts:ZeroDevice", () => ZeroDevice],
  ["kernel/fs/files/dir-file.ts:DirFile", () => DirFile],
  ["kernel/fs/files/epoll.ts:EpollFile", () => EpollFile],
  ["kernel/fs/files/epoll.ts:EpollItem", () => EpollItem],
  ["kernel/fs/files/eventfd.ts:EventFile", () => EventFile],
  ["kernel/fs/files/inotify.ts:InotifyFile", () => InotifyFile],
  ["kernel/fs/files/inotify.ts:InotifyWatch", () => InotifyWatch],
  ["kernel/fs/files/kmsg.ts:KmsgDevice", () => KmsgDevice],
  ["kernel/fs/files/kmsg.ts:ProcKmsg", () => ProcKmsg],
  ["kernel/fs/files/loop-device.ts:Loop", () => Loop],
  ["kernel/fs/files/loop-device.ts:Loops", () => Loops],
  ["kernel/fs/files/loop.ts:LoopControl", () => LoopControl],
  ["kernel/fs/files/loop.ts:LoopFile", () => LoopFile],
  ["kernel/fs/files/pipe.ts:Pipe", () => Pipe],
  ["kernel/fs/files/pipe.ts:PipeEnd", () => PipeEnd],
  ["kernel/fs/files/pipe.ts:PipeLimits", () => PipeLimits],
  ["kernel/fs/files/regular.ts:RegularFile", () => RegularFile],
  ["kernel/fs/files/shared-pages.ts:SharedPages", () => SharedPages],
  ["kernel/fs/files/signalfd.ts:SignalFile", () => SignalFile],
  ["kernel/fs/files/stream-file.ts:StreamInode", () => StreamInode],
  ["kernel/fs/files/stream-file.ts:StreamInput", () => StreamInput],
  ["kernel/fs/files/stream-file.ts:StreamOutput", () => StreamOutput],
  ["kernel/fs/files/stream.ts:ByteSource", () => ByteSource],
  ["kernel/fs/files/watch-limits.ts:WatchLimits", () => WatchLimits],
  ["kernel/fs/proc/mem.ts:ProcMemFile", () => ProcMemFile],
  ["kernel/fs/proc/memory-file.ts:MemoryNode", () => MemoryNode],
  ["kernel/fs/proc/pagemap.ts:PagemapFile", () => PagemapFile],
  ["kernel/fs/proc/procfs.ts:ProcFs", () => ProcFs],
  ["kernel/fs/proc/tree/derived.ts:Derived", () => Derived],
  ["kernel/fs/proc/tree/node.ts:ProcDirNode", () => ProcDirNode],
  ["kernel/fs/proc/tree/node.ts:ProcFileNode", () => ProcFileNode],
  ["kernel/fs/proc/tree/node.ts:ProcLinkNode", () => ProcLinkNode],
  ["kernel/fs/proc/tree/open-file.ts:ProcFile", () => ProcFile],
  ["kernel/fs/proc/tree/open-file.ts:ProcSequence", () => ProcSequence],
  ["kernel/fs/sys/cgroup-fs.ts:CgroupDir", () => CgroupDir],
  ["kernel/fs/sys/cgroup-fs.ts:CgroupFileNode", () => CgroupFileNode],
  ["kernel/fs/sys/cgroup-fs.ts:CgroupFs", () => CgroupFs],
  ["kernel/fs/sys/sysfs.ts:SysFs", () => SysFs],
  ["kernel/fs/tty/input.ts:InputProcessor", () => InputProcessor],
  ["kernel/fs/tty/output.ts:OutputProcessor", () => OutputProcessor],
  ["kernel/fs/tty/pty.ts:DevPts", () => DevPts],
  ["kernel/fs/tty/pty.ts:Master", () => Master],
  ["kernel/fs/tty/pty.ts:Pty", () => Pty],
  ["kernel/fs/tty/pty.ts:PtySlave", () => PtySlave],
  ["kernel/fs/tty/tty-file.ts:TtyFile", () => TtyFile],
  ["kernel/fs/tty/tty.ts:Tty", () => Tty],
  ["kernel/fs/types/content.ts:Content", () => Content],
  ["kernel/fs/types/content.ts:ContentBudget", () => ContentBudget],
  ["kernel/fs/types/host-fs.ts:HostBase", () => HostBase],
  ["kernel/fs/types/host-fs.ts:HostFs", () => HostFs],
  ["kernel/fs/types/host-fs.ts:HostFsDir", () => HostFsDir],
  ["kernel/fs/types/host-fs.ts:HostFsLink", () => HostFsLink],
  ["kernel/fs/types/host-fs.ts:HostFsSpecial", () => HostFsSpecial],
  ["kernel/fs/types/host-rw.ts:HostRwFile", () => HostRwFile],
  ["kernel/fs/types/host-rw.ts:HostRwFs", () => HostRwFs],
  ["kernel/fs/types/host-rw.ts:HostRwNode", () => HostRwNode],
  ["kernel/fs/types/hugetlbfs.ts:HugeContent", () => HugeContent],
  ["kernel/fs/types/hugetlbfs.ts:HugeDescription", () => HugeDescription],
  ["kernel/fs/types/hugetlbfs.ts:HugeFile", () => HugeFile],
  ["kernel/fs/types/hugetlbfs.ts:HugeFs", () => HugeFs],
  ["kernel/fs/types/memfs.ts:MemDir", () => MemDir],
  ["kernel/fs/types/memfs.ts:MemFile", () => MemFile],
  ["kernel/fs/types/memfs.ts:MemFs", () => MemFs],
  ["kernel/fs/types/memfs.ts:MemLink", () => MemLink],
  ["kernel/fs/types/memfs.ts:MemNode", () => MemNode],
  ["kernel/fs/types/mountable.ts:MountContext", () => MountContext],
  ["kernel/fs/types/nsfs.ts:NsFile", () => NsFile],
  ["kernel/fs/types/nsfs.ts:NsFs", () => NsFs],
  ["kernel/fs/types/nsfs.ts:NsInode", () => NsInode],
  ["kernel/fs/types/overlay-content.ts:OverlayContent", () => OverlayContent],
  ["kernel/fs/types/overlay-fs.ts:HostOverlayFs", () => HostOverlayFs],
  ["kernel/fs/types/overlay-fs.ts:UpperPlace", () => UpperPlace],
  ["kernel/fs/types/overlay-inodes.ts:HostOverlayDir", () => HostOverlayDir],
  ["kernel/fs/types/overlay-inodes.ts:HostOverlayFile", () => HostOverlayFile],
  ["kernel/fs/types/overlay-inodes.ts:HostOverlayNode", () => HostOverlayNode],
  ["kernel/fs/types/ramfs.ts:RamFs", () => RamFs],
  ["kernel/fs/types/secretmem.ts:SecretFile", () => SecretFile],
  ["kernel/fs/types/secretmem.ts:SecretInode", () => SecretInode],
  ["kernel/fs/types/upper-state.ts:UpperState", () => UpperState],
  ["kernel/fs/vfs.ts:Vfs", () => Vfs],
  ["kernel/fs/vfs/anon.ts:AnonFs", () => AnonFs],
  ["kernel/fs/vfs/anon.ts:AnonInode", () => AnonInode],
  ["kernel/fs/vfs/async-file.ts:AsyncFile", () => AsyncFile],
  ["kernel/fs/vfs/context.ts:FsContext", () => FsContext],
  ["kernel/fs/vfs/dentry.ts:Dentry", () => Dentry],
  ["kernel/fs/vfs/fd-table.ts:FdTable", () => FdTable],
  ["kernel/fs/vfs/inode.ts:FileEvents", () => FileEvents],
  ["kernel/fs/vfs/leases.ts:Leases", () => Leases],
  ["kernel/fs/vfs/locks.ts:LockTable", () => LockTable],
  ["kernel/fs/vfs/locks.ts:LockWait", () => LockWait],
  ["kernel/fs/vfs/locks.ts:Locks", () => Locks],
  ["kernel/fs/vfs/locks.ts:OwnRecords", () => OwnRecords],
  ["kernel/fs/vfs/mount.ts:Mount", () => Mount],
  ["kernel/fs/vfs/mount.ts:MountNamespace", () => MountNamespace],
  ["kernel/fs/vfs/path-file.ts:PathFile", () => PathFile],
  ["kernel/fs/vfs/peers.ts:MountIds", () => MountIds],
  ["kernel/fs/vfs/peers.ts:PeerGroup", () => PeerGroup],
  ["kernel/fs/vfs/resolve.ts:PathWalk", () => PathWalk],
  ["kernel/futex/table.ts:FutexQueue", () => FutexQueue],
  ["kernel/futex/table.ts:FutexTable", () => FutexTable],
  ["kernel/futex/table.ts:FutexWaiter", () => FutexWaiter],
  ["kernel/futex/table.ts:FutexWaiters", () => FutexWaiters],
  ["kernel/garbage-collector.ts:GarbageCollector", () => GarbageCollector],
  ["kernel/namespace/set.ts:CgroupNamespace", () => CgroupNamespace],
  ["kernel/namespace/set.ts:PartNamespace", () => PartNamespace],
  ["kernel/namespace/set.ts:UtsNamespace", () => UtsNamespace],
  ["kernel/net/filter/filters.ts:SocketFilters", () => SocketFilters],
  ["kernel/net/filter/program.ts:PacketProgram", () => PacketProgram],
  ["kernel/net/multicast.ts:Groups", () => Groups],
  ["kernel/net/namespace.ts:NetNamespace", () => NetNamespace],
  ["kernel/net/options/options.ts:Options", () => Options],
  ["kernel/net/outside/bridge.ts:Bridge", () => Bridge],
  ["kernel/net/outside/uplink.ts:Uplink", () => Uplink],
  ["kernel/net/ports.ts:Ports", () => Ports],
  ["kernel/net/send-buffer.ts:SendBuffer", () => SendBuffer],
  ["kernel/net/stamps.ts:Stamps", () => Stamps],
  ["kernel/net/tcp.ts:TcpSocket", () => TcpSocket],
  ["kernel/net/tcp/info.ts:TcpCounts", () => TcpCounts],
  ["kernel/net/tcp/unsent.ts:UnsentBytes", () => UnsentBytes],
  ["kernel/net/udp.ts:UdpSocket", () => UdpSocket],
  ["kernel/net/unix/garbage.ts:Flight", () => Flight],
  ["kernel/net/unix/table.ts:UnixTable", () => UnixTable],
  ["kernel/net/unix/unix.ts:UnixSocket", () => UnixSocket],
  ["kernel/oom.ts:OomKiller", () => OomKiller],
  ["kernel/ptrace/debug-registers.ts:DebugRegisters", () => DebugRegisters],
  ["kernel/sched/context-switch.ts:ContextSwitch", () => ContextSwitch],
  ["kernel/sched/placement.ts:Placement", () => Placement],
  ["kernel/sched/run-queue.ts:RunQueue", () => RunQueue],
  ["kernel/sched/scheduler.ts:Scheduler", () => Scheduler],
  ["kernel/sched/sleepers.ts:Sleepers", () => Sleepers],
  ["kernel/sched/sleepers.ts:TaskDeadline", () => TaskDeadline],
  ["kernel/signal/core-settings.ts:CoreSettings", () => CoreSettings],
  ["kernel/signal/state/action.ts:SignalActions", () => SignalActions],
  ["kernel/signal/state/pending.ts:ArrivedSignals", () => ArrivedSignals],
  ["kernel/signal/state/pending.ts:PendingSignals", () => PendingSignals],
  ["kernel/task/limits.ts:ProcessLimits", () => ProcessLimits],
  ["kernel/task/pid-namespace.ts:PidNamespace", () => PidNamespace],
  ["kernel/task/pidfd.ts:Pidfd", () => Pidfd],
  ["kernel/task/program.ts:ExecutedProgram", () => ExecutedProgram],
  ["kernel/task/time-namespace.ts:TimeNamespace", () => TimeNamespace],
  ["kernel/timer/cpu-limit.ts:CpuLimit", () => CpuLimit],
  ["kernel/timer/itimer.ts:IntervalTimer", () => IntervalTimer],
  ["kernel/timer/itimer.ts:IntervalTimers", () => IntervalTimers],
  ["kernel/timer/posix-timer.ts:PosixTimer", () => PosixTimer],
  ["kernel/timer/posix-timer.ts:PosixTimers", () => PosixTimers],
  ["kernel/timer/timerfd.ts:TimerFile", () => TimerFile],
  ["kernel/timer/timers.ts:Timers", () => Timers],
  ["kernel/user-notif/listener-file.ts:ListenerFile", () => ListenerFile],
  ["kernel/user-notif/notification.ts:AddFd", () => AddFd],
  ["kernel/user-notif/notification.ts:Listener", () => Listener],
  ["kernel/user-notif/notification.ts:Notification", () => Notification],
  ["machine/schedule.ts:EarlyDeadlines", () => EarlyDeadlines],
  ["machine/schedule.ts:Follower", () => Follower],
  ["machine/schedule.ts:PointPlaces", () => PointPlaces],
  ["machine/standard-streams.ts:HostConsole", () => HostConsole],
  ["machine/standard-streams.ts:StandardStreams", () => StandardStreams],
  ["machine/tree.ts:GivenBytes", () => GivenBytes],
  ["machine/tree.ts:SuppliedBytes", () => SuppliedBytes],
  ["memory/account.ts:Account", () => Account],
  ["memory/areas.ts:Areas", () => Areas],
  ["memory/frames.ts:Frames", () => Frames],
  ["memory/huge/cache.ts:HugeCache", () => HugeCache],
  ["memory/huge/map.ts:NamelessHuge", () => NamelessHuge],
  ["memory/huge/object.ts:HugeObject", () => HugeObject],
  ["memory/huge/pool.ts:HugePool", () => HugePool],
  ["memory/ordered-map.ts:OrderedMap", () => OrderedMap],
  ["memory/page-cache.ts:PageCache", () => PageCache],
  ["memory/page-table.ts:PageTable", () => PageTable],
  ["memory/shmem.ts:ZeroFill", () => ZeroFill],
  ["memory/space.ts:AddressSpace", () => AddressSpace],
  ["seccomp/filter.ts:Filter", () => Filter],
  ["seccomp/special.ts:SpecialisedFilter", () => SpecialisedFilter],
]);
