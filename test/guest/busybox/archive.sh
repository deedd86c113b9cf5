# tar and gzip there and back, checksums of ten mebibytes, an editor.
mkdir -p src/deep
i=0; while [ $i -lt 20 ]; do seq $i 200 > src/deep/f$i; i=$((i + 1)); done
ln -s f1 src/deep/link; ln src/deep/f2 src/hard
tar -c -f all.tar src && gzip -9 -c all.tar > all.tar.gz && mkdir back && gunzip -c all.tar.gz | tar -x -C back -f -
find back -type f | sort | xargs md5sum; readlink back/src/deep/link
diff -r src back/src && echo same
yes "ten mebibytes of text" | head -c 10485760 > ten
ls -l ten | awk '{ print $5 }'
sha256sum ten; md5sum ten; sha1sum ten; sha512sum ten
gzip -1 -c ten | gunzip | cmp - ten && echo "gzip there and back"
bzip2 -c src/deep/f3 | bunzip2 | cmp - src/deep/f3 && echo "bzip2 there and back"
printf 'first\nsecond\nthird\n' > edited
ed edited <<HERE
2s/second/changed/
\$a
last
.
w
q
HERE
cat edited
base64 < edited | tee encoded | base64 -d | cmp - edited && cat encoded
