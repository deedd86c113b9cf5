# about: sort, uniq, cut, paste, join, comm, tr, head, tail, nl, fmt, fold, pr, tac, split, csplit, expand, od, numfmt, sums
# equal: amd64 i386
# packages: coreutils
# sample: i386
seq 1 200 | sort -R --random-source=/dev/zero | md5sum; seq 20 | sort -rn | head -n 3; printf 'b 2\na 1\nc 3\n' >l; printf 'a x\nb y\n' >r
sort l >ls; join ls r; cut -d' ' -f1 ls | paste -sd,; cut -c1 ls >x; cut -c1 r >y; comm -12 x y; comm -3 x y
seq 100 | split -l 30 - part; wc -l part*; seq 10 | csplit -s - 4 8; cat xx01; seq 5 | tac | tr '1-5' 'a-e' | nl; echo 'a b c d e f' | fmt -w 5
seq 30 | pr -3 -t -l 10; printf 'abcdef' | fold -w 2; echo; printf 'a\tb\n' | expand -t 4 | od -c; seq 50 | tail -n +48; seq 9 | shuf --random-source=/dev/zero | tr '\n' ' '
numfmt --to=iec 1234567; factor 1234567890 97; printf '%5.2f|%-5s|%05d\n' 3.14159 ab 42; echo aaabbb | tr -s ab; printf 'x\nx\ny\n' | uniq -c
echo hello | base64; echo hello | base32; echo hello | cksum; echo hello | sum; echo hello | b2sum; echo hello | sha1sum; echo hello | sha512sum -b
printf 'a b\nb c\n' | tsort; seq 12 | ptx | head -n 3; expr 3 + 4 '*' 5; expr abc : 'a\(.*\)'; test 3 -lt 4 && echo less; [ -f l ] && echo file
date -u -d @86400 +%F; date -u -d '2024-02-28 + 2 days' +%a; env -i A=1 env; seq -f %03g 8 10; seq 100000 | sort -k1.3n -S 1M | md5sum; unexpand -a </dev/null; echo a:b | tr : '\n'; od -An -tx2z -N 16 /bin/true
