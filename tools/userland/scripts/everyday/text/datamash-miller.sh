# about: datamash, miller, csvtool: columns, groups, sorting, formats
# equal: amd64 i386
# packages: datamash miller
for i in $(seq 200); do echo "$((i % 7)),$i,$((i * i % 101))"; done >d.csv; datamash -t, -s -g 1 count 2 sum 3 mean 3 <d.csv; datamash -t, transpose <d.csv | cut -c1-20; datamash -t, median 3 sstdev 3 md5 1 <d.csv | tail -n 1; (echo g,n,v; cat d.csv) >h.csv; mlr --icsv --ojson head -n 2 h.csv; mlr --icsv --opprint stats1 -a p50,max,sum -f v -g g then sort -f g h.csv; mlr --icsv --oxtab put '$w = $n . "-" . fmtnum($v / 3, "%.3f")' then tail -n 1 h.csv; mlr --c2j filter '$v > 95' then count h.csv; mlr -n put 'end { print strftime(0, "%Y"); print splitax("a,b", ",")[2] }'
