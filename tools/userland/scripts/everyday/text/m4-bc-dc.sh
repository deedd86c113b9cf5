# about: m4, bc, dc: macros and arbitrary precision
# equal: amd64 i386
# packages: m4 bc dc
# sample: i386
m4 <<'END'
define(`f', `ifelse($1, 0, 1, `eval($1 * f(decr($1)))')')f(10)
define(`forloop', `pushdef(`$1', `$2')_f($@)popdef(`$1')')define(`_f', `$4`'ifelse($1, `$3', `', `define(`$1', incr($1))$0($@)')')forloop(`i', 1, 5, `i ')
divert(1)later
divert(0)now
syscmd(echo shell)sysval
translit(hello, a-z, A-Z) len(abc) index(abc, c) substr(abc, 1) esyscmd(seq 3)
END
echo '2^200; scale=40; 4*a(1); e(1)' | bc -l; echo 'define f(n) { if (n<2) return 1; return n*f(n-1) }; f(40)' | bc; dc -e '2 64^p 3k 22 7/p 16o255p'; echo 'ibase=16; FF' | bc; echo 'sqrt(2)' | bc -l; echo '1/0' | bc 2>&1; echo 'for (i = 0; i < 3; i++) i' | bc
