# about: `python3 -m test` of ten modules at the kernel's interface: os, mmap, fcntl, select, epoll, poll, pty, resource, signal, wait3
# equal: amd64 i386
# packages: python3 libpython3.13-testsuite
# seconds: 900
# memory: 2G
# mask: \d+(\.\d+)? (ms|sec|min)( \d+(\.\d+)? (ms|sec))? => T
# mask: ^(Using random seed:|0:\d\d:\d\d load avg: [\d.]+|.*\[ *\d+/\d+).*\n => 
export PYTHONDONTWRITEBYTECODE=1; for m in test_mmap test_fcntl test_select test_epoll test_poll test_pty test_resource test_wait3 test_wait4 test_pipes test_eintr; do python3 -m test -q $m 2>&1 | grep -E '^(Result|Tests result|Total tests|.*failed|.*FAIL|.*ERROR)' | sed "s/^/$m /" || :; done
