# about: vim (ex mode), xxd and ed with scripts
# equal: amd64 i386
# packages: vim ed xxd
# seconds: 120
seq 10 >t; printf '2,4d\n$a\nend\n.\n1,$s/1/one/\nw\nq\n' | ed -s t; cat t; seq 10 >u; vim -u NONE -es -c '%s/\(1\)0/\1X/' -c 'g/5/d' -c 'normal ggOtop' -c 'call append(line("$"), ["a", system("echo sh")])' -c 'wq' u; cat u
vim -u NONE -es -c 'put =strftime(\"%Y\", 0)' -c 'put =sha256(\"a\")' -c '%p' -c 'q!' 2>&1 || echo status $?; echo; vim --version | head -n 1 | cut -c1-30; xxd u | head -n 2; xxd u | xxd -r | cmp - u && echo same; xxd -i u | head -n 2
cat >s.vim <<'END'
let j = job_start(['sh', '-c', 'echo from job'], {'out_io': 'buffer', 'out_name': 'o'})
sleep 300m
call writefile(getbufline('o', 1, '$') + [string(map(range(5), 'v:val * v:val')), fnamemodify('a/b.c', ':t:r'), printf('%05.2f', 3.14159)], 'out')
qa!
END
vim -u NONE -es -S s.vim; cat out
