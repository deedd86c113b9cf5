# about: diff, cmp, diff3, sdiff, patch
# equal: amd64 i386
# packages: diffutils patch
seq 30 >a; sed 's/7/seven/; 20d' a >b; sed '$ a end' a >c; diff -u a b | sed '/^[+-][+-]/d' || :; diff -u a b >p || :; cp a d; patch -s d p; cmp d b && echo patched; patch -R -s d p; cmp d a && echo back
diff3 -m b a c | tail -n 3; sdiff -w 40 a b | sed -n 6,8p; cmp a b || echo status $?; diff -q a b || :; mkdir x y; cp a x; cp b y/a; diff -r x y | wc -l; diff --brief x y || :; diff -y -W 30 a b | head -n 8 | tail -n 2; diff -e a b || :; diff nofile a || echo status $?; patch --dry-run d </dev/null && echo dry; diff --color=always a b | head -n 2
