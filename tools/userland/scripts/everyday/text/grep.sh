# about: grep: basic, extended, Perl, context, recursive
# equal: amd64 i386
# packages: grep
# sample: amd64
for i in $(seq 300); do echo "$i word$((i % 17)) Line number $((i * 7 % 101))"; done >t
grep -c word3 t; grep -n ' 77$' t | head -n 3; grep -E '^(1|2)0+ ' t; grep -P '\bword(\d)\1\b' t | head -n 2; grep -o 'word1[0-5]' t | sort | uniq -c; grep -A1 -B1 '^150 ' t
mkdir d; cp t d/u; grep -rl word16 d; grep -v word t || echo status $?; grep -q nothing t || echo status $?; grep -F -f /dev/null t || echo none; grep -i LINE t | head -n 1
printf 'a\0b' >b; grep a b; grep -z -c b b; grep x nofile || echo status $?; grep -w 12 t | head -n 2; grep --color=always -m 1 word t; grep -e '\(w\)o.*\1' t || echo no; printf 'ä\n' | grep -c '^.$'; seq 100000 | grep -c '[13579]$'; fgrep . /dev/null 2>&1 || :
