# about: zip, unzip, cpio, 7-Zip
# equal: amd64 i386
# packages: zip unzip cpio 7zip
# seconds: 120
mkdir -p t/a/b; seq 5000 >t/n; head -c 100000 /dev/zero >t/a/z; ln -s ../n t/a/l; ln t/n t/hard; chmod 700 t/a/b; find t -exec touch -h -d @1700000000 {} +
export TZ=UTC; zip -qryX x.zip t; unzip -Z1 x.zip | sort; unzip -q x.zip -d o; ls -R o; unzip -tq x.zip; (cd t; find . | sort | cpio -o -H newc --quiet --reproducible --owner=0:0 | wc -c); mkdir p; find t | cpio -pdm --quiet p; ls -R p
zip -qP secret e.zip t/n; unzip -qP secret -p e.zip | tail -n 1; unzip -qP wrong -p e.zip || echo status $?; 7z a -bd -mmt2 x.7z t/n | grep -c Ok; 7z x -so x.7z n | md5sum; 7z l x.7z | tail -n 1 | cut -c20-80
