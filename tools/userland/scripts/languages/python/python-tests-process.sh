# about: `python3 -m test` of eight modules: signals, threads, timeouts, popen, ioctl, selectors, pwd, grp
# equal: amd64 i386
# packages: python3 libpython3.13-testsuite
# seconds: 900
# memory: 2G
export PYTHONDONTWRITEBYTECODE=1; for m in test_threadsignals test_popen test_ioctl test_pwd test_grp test_timeout test_selectors test_sched test_syslog test_openpty; do python3 -m test -q $m 2>&1 | grep -E '^(Result|Tests result|Total tests|.*failed|.*FAIL|.*ERROR)' | sed "s/^/$m /" || :; done
