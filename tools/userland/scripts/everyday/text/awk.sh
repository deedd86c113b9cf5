# about: mawk and gawk: fields, arrays, functions, getline, printf, pipes, big numbers
# equal: amd64 i386
# packages: mawk gawk
seq 3000 | mawk '{ print $1, "word" ($1 % 17), "Line number", $1 * 7 % 101 }' >t
for a in mawk gawk; do
$a '{ s[$2] += $NF } END { for (k in s) print k, s[k] | "sort" }' t
$a 'BEGIN { while (("seq 3" | getline x) > 0) y = y x; print y; printf "%.3f %5d %s %x\n", 3.14159, 42, substr("hello", 2, 3), 255; print toupper("a") length("abc") index("abc", "c"); n = split("a:b:c", p, ":"); print n, p[3]; gsub(/b/, "X", p[2]); print p[2]; print exp(1), sin(1), int(-3.7), 2 ^ 10, match("foobar", /o+/), RLENGTH }'
echo a,b,c | $a -F, -v v=1 '{ $2 = v; print; exit 3 }' OFS=- || echo status $?
$a 'function f(n) { return n < 2 ? n : f(n - 1) + f(n - 2) } BEGIN { print f(18); system("echo sys"); print 1e300 * 1e300, log(-1) ~ /nan/, 0.1 + 0.2, 1 / 3 }' 2>/dev/null
done
gawk 'BEGIN { PROCINFO["sorted_in"] = "@ind_str_asc"; a["x"]=1; a["b"]=2; for (k in a) print k; print strftime("%F", 0, 1), gensub(/(.)b/, "\\1", "g", "abab"), and(12, 10); print asort(a); print PROCINFO["version"]; c = "sort"; print "b" |& c; print "a" |& c; close(c, "to"); while ((c |& getline l) > 0) print l }'
gawk 'BEGIN { s = "/inet/tcp/0/127.0.0.1/1"; print (("" |& getline < s) < 0) }' 2>/dev/null || echo status $?
