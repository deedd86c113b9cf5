# about: autoconf, automake, libtool: a project configured, built, checked, installed
# equal: amd64
# packages: autoconf automake libtool make gcc libc6-dev
# seconds: 900
# memory: 2G
mkdir p; cd p; printf 'AC_INIT([p],[1.0])\nAM_INIT_AUTOMAKE([foreign])\nAC_PROG_CC\nAC_CHECK_HEADERS([unistd.h nothing.h])\nAC_CHECK_FUNCS([fork])\nAC_CONFIG_FILES([Makefile])\nAC_OUTPUT\n' >configure.ac; printf 'bin_PROGRAMS = p\np_SOURCES = p.c\ncheck_PROGRAMS = t\nt_SOURCES = t.c\nTESTS = t\n' >Makefile.am; printf '#include <stdio.h>\nint main(void) { puts(PACKAGE_VERSION); return 0; }\n' >p.c; echo 'int main(void) { return 0; }' >t.c; autoreconf -i >/dev/null 2>&1; ./configure --prefix=/w/i | grep -E 'gcc accepts|unistd.h|nothing.h|fork'; make -s 2>&1; ./p; make -s check 2>&1 | grep -E '^# (PASS|FAIL)|PASS: t'; make -s install >/dev/null 2>&1; ls /w/i/bin; make -s distcheck >log 2>&1 && tail -n 3 log | grep -o 'p-1.0.tar.gz'
