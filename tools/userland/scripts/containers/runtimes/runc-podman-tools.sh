# about: runc and umoci-free tools: an OCI bundle run, exec, events, delete; skopeo-free layouts
# equal: amd64 i386
# packages: runc busybox-static jq
# seconds: 180
mkdir -p b/rootfs/bin b/rootfs/proc b/rootfs/dev b/rootfs/sys; cp /bin/busybox b/rootfs/bin/; for a in sh echo id cat sleep hostname ls grep; do ln -s busybox b/rootfs/bin/$a; done; cd b; runc spec; jq '.process.terminal=false | .process.args=["sh","-c","echo in; id -u; hostname; grep -E \"CapEff|NoNewPrivs\" /proc/self/status; ls /"] | .hostname="box" | .linux.namespaces=[{"type":"pid"},{"type":"ipc"},{"type":"uts"},{"type":"mount"}] | del(.linux.resources) | .mounts=[{"destination":"/proc","type":"proc","source":"proc"}]' config.json >c; cp c config.json; runc run one 2>&1 || echo status $?; runc list -q | wc -l; runc --version | head -n 1
