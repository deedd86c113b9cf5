# find | sort | uniq -c, sed, awk with floating point, grep, cut, tr, paste, od, diff.
mkdir -p tree/a/b tree/c
for f in a/one a/b/two a/b/one c/three c/one; do echo "content of $f" > "tree/$f"; done
find tree -type f | sort
find tree -type f -exec basename {} \; | sort | uniq -c | sort -rn
find tree -name one -print0 | sort -z | xargs -0 cat
sed -n 's/content of \(.*\)\/\(.*\)/\2 in \1/p' tree/*/* | sort
sed -e '1d' -e '$s/$/ end/' -e 'y/abc/xyz/' tree/a/b/two tree/c/three
awk 'BEGIN { x = 1; for (i = 1; i <= 6; i++) { x = (x + 2 / x) / 2; printf "%.15f %e %g\n", x, x * 1e-20, i / 3 } }'
awk 'BEGIN { y = 0; for (k = 0; k < 2000; k++) y += (k % 2 ? -4 : 4) / (2 * k + 1); printf "%.12f\n", y; print int(-3.7), 1e300 * 1e10, 0.1 + 0.2 }'
printf 'a 1.5\nb 2.25\na 3.5\n' | awk '{ sum[$1] += $2 } END { for (k in sum) print k, sum[k] }' | sort
awk -F: '{ n += length($1) } END { print n / NR }' <<HERE
root:x
daemon:y
nobody:z
HERE
grep -rc content tree | sort; grep -E '(one|two)$' tree/a/b/* | sort
echo "x,y,z" | cut -d, -f2,3; echo hello | tr a-y b-z; echo "abc" | rev
printf '1\n2\n3\n' > left; printf 'a\nb\nc\n' > right; paste left right; paste -d+ -s left | tee formula
printf 'tRaPgAtE\0\377' | od -c
diff left right; echo "diff $?"
sort -k2,2n -k1,1r <<HERE
b 10
a 9
c 10
HERE
seq 1 100 | awk 'NR % 2' | tail -n 3; seq 10 | head -n -7; seq 5 | tac
wc tree/*/one; fold -w 4 < tree/c/three; nl left; comm left formula 2>/dev/null | head -n 2
