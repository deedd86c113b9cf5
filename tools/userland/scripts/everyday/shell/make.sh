# about: make: parallel jobs, pattern rules, functions, job server
# mask: /tmp/Gm\w+ => /tmp/Gm
# equal: amd64 i386
# packages: make
printf 'all: a.o b.o c.o sub\n\t@cat a.o b.o c.o\n%%.o: %%.c\n\t@sleep 0.05; tr a-z A-Z <$< >$@\n%%.c:\n\t@echo $* >$@\nsub: c.o\n\t@$(MAKE) --no-print-directory -f sub.mk\nx := $(shell echo hi)\n$(info $(x) $(patsubst %%.c,%%.o,$(wildcard *.c)) $(words 1 2 3) $(sort b a b))\n' >Makefile
printf 'all: p q\n\t@echo sub\np q:\n\t@sleep 0.02\n' >sub.mk
make -j4; make -q || echo out of date; touch a.c b.c c.c; make -n >n; head -n 5 n; make nothing || echo status $?; printf 'a:\n\tfalse\n' | make -f - || echo status $?
printf 'a b c d:\n\t@sleep 0.1; echo $@ >>log\nall: a b c d\n' >p.mk; make -s -O -j2 -f p.mk all; sort log; make --version | head -n 1
