# about: `python3 -m test` of eight modules: posix, stat, tempfile, glob, shutil parts, fileio, largefile-free io
# equal: amd64 i386
# packages: python3 libpython3.13-testsuite
# seconds: 900
# memory: 2G
export PYTHONDONTWRITEBYTECODE=1; for m in test_posix test_stat test_tempfile test_glob test_fileio test_genericpath test_posixpath test_filecmp test_fileinput; do python3 -m test -q $m 2>&1 | grep -E '^(Result|Tests result|Total tests|.*failed|.*FAIL|.*ERROR)' | sed "s/^/$m /" || :; done
