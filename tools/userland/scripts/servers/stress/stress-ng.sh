# about: stress-ng: one second of twelve stressors each with verification
# equal: amd64 i386
# packages: stress-ng
# seconds: 300
# mask: \[\d+\] => [PID]
for s in cpu fork pipe switch futex mmap sem timer poll fault getdent dentry; do stress-ng --$s 1 --$s-ops 20 --verify -t 20 --temp-path /w >log 2>&1 && echo $s ok || { echo $s status $?; tail -n 2 log; }; done
