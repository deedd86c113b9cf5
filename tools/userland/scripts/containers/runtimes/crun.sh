# about: crun: an OCI bundle with namespaces, capabilities, a seccomp profile; create, start, state, kill, delete
# equal: amd64 i386
# packages: crun busybox-static jq
# seconds: 120
mkdir -p b/rootfs/bin b/rootfs/proc b/rootfs/dev b/rootfs/sys; cp /bin/busybox b/rootfs/bin/; for a in sh echo id cat sleep hostname ls grep mkdir; do ln -s busybox b/rootfs/bin/$a; done; cd b
cat >config.json <<'END'
{"ociVersion":"1.0.0","process":{"terminal":false,"user":{"uid":0,"gid":0},"args":["sh","-c","echo in; id -u; hostname; grep -E 'Seccomp:|CapEff|NoNewPrivs' /proc/self/status; mkdir /x && echo made || echo denied; ls /"],"env":["PATH=/bin"],"cwd":"/","capabilities":{"bounding":["CAP_KILL"],"effective":["CAP_KILL"],"permitted":["CAP_KILL"]},"noNewPrivileges":true},"root":{"path":"rootfs","readonly":false},"hostname":"box","mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs","options":["nosuid","mode=755"]}],"linux":{"namespaces":[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}],"seccomp":{"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":1}]}}}
END
crun --cgroup-manager=disabled run one || echo status $?; jq '.process.args=["sh","-c","sleep 50"]' config.json >c; cp c config.json; crun --cgroup-manager=disabled create two </dev/null >/dev/null 2>&1; crun state two | jq -r .status; crun start two; sleep 0.3; crun state two | jq -r .status; crun kill two KILL; sleep 0.5; crun state two | jq -r .status; crun delete two; crun list -q | wc -l; crun --version | head -n 1
