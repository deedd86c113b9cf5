# about: dpkg and apt without a network: build, install, query, verify, remove; an archive in a folder
# equal: amd64 i386
# packages: dpkg apt
# seconds: 300
# mask: ^(\(Reading database).*$ => $1
mkdir -p p/DEBIAN p/usr/bin; printf 'Package: hello-there\nVersion: 1.0\nArchitecture: all\nMaintainer: N <e@x>\nDescription: a test\n' >p/DEBIAN/control; printf '#!/bin/sh\necho hello there\n' >p/usr/bin/hello-there; printf '#!/bin/sh\necho configured $1\n' >p/DEBIAN/postinst; chmod 755 p/usr/bin/hello-there p/DEBIAN/postinst
dpkg-deb --root-owner-group -b p h.deb; dpkg -I h.deb | grep Version; dpkg -c h.deb | tr -s ' ' | cut -d' ' -f1,6; dpkg -i h.deb 2>&1 | grep -v Reading; hello-there; dpkg -L hello-there; dpkg -S /usr/bin/hello-there; dpkg -s hello-there | grep Status; dpkg -V hello-there; dpkg --compare-versions 1.10 gt 1.9 && echo newer; dpkg --print-architecture; dpkg-query -W -f '${Package} ${Status}\n' dash
apt-get -q -y remove hello-there 2>/dev/null | grep -v database | tail -n 1; dpkg -s hello-there 2>&1 | head -n 1; mkdir r; cp h.deb r; (cd r; printf 'Package: hello-there\nVersion: 1.0\nArchitecture: all\nMaintainer: N <e@x>\nFilename: ./h.deb\nSize: %s\nSHA256: %s\nDescription: a test\n' $(stat -c %s h.deb) $(sha256sum <h.deb | cut -c1-64) >Packages)
echo 'deb [trusted=yes] file:/w/r ./' >/etc/apt/sources.list; rm -f /etc/apt/sources.list.d/*; apt-get -qq update 2>/dev/null; apt-cache policy hello-there; apt-get -qq -y install hello-there >/dev/null 2>&1; hello-there; apt list --installed 2>/dev/null | grep hello; apt-mark showmanual | grep hello; apt-get -s install nosuch 2>&1 | tail -n 1; apt-get check 2>/dev/null | wc -l
