# about: jq: filters, reduce, paths, dates, streaming
# equal: amd64 i386
# packages: jq
echo '{"a":[1,2,{"b":"x\u00e9"}],"n":1e3,"t":true,"z":null}' >d.json
jq . d.json; jq -c '.a[2].b, (.a[:2] | add), keys' d.json; jq -n '[range(100)] | map(select(. % 7 == 0)) | length'; jq -n 'reduce range(10) as $i (0; . + $i)'; jq -r '.a | @json, @base64 "\(.[0])"' d.json
jq 'paths' -c d.json; jq -n '0 | todate'; jq -c --stream . d.json | head -n 2; jq -e .z d.json || echo status $?; echo '{' | jq . || echo status $?; jq -n --arg x 1 '$x'; jq -n '"a,b" | split(",")' -c
jq -n 'now | type'; jq -n '[3,1,2] | sort | group_by(. > 1)' -c; jq -n '"foo" | test("o+")'; jq -n '[limit(3; repeat(1))]' -c; jq -n 'def f: if . < 2 then . else (. - 1 | f) + (. - 2 | f) end; 15 | f'; jq -n '1 / 3, 1e1000, (5 % 3), pow(2; 10), ("x" * 3)'; jq -C . d.json | head -n 2
