# about: Samba: smbd with a share for guests, smbclient lists, reads, writes, renames, removes
# packages: samba smbclient
# architectures: amd64
# seconds: 120
# equal: amd64
mkdir -p /srv/x /run/samba; chmod 777 /srv/x; echo hi > /srv/x/f
cat > /etc/samba/smb.conf <<X
[global]
map to guest = Bad User
interfaces = lo
bind interfaces only = yes
server role = standalone server
log level = 1
disable spoolss = yes
load printers = no
[x]
path = /srv/x
guest ok = yes
read only = no
X
testparm -s 2>/dev/null | head -3
smbd -D; sleep 4
smbclient -N //127.0.0.1/x -c 'ls f; get f /tmp/g; put /etc/hostname h; rename h h2; del h2; mkdir d' 2>&1 | sed "s/  *[AND]  .*//; s/[0-9]* blocks.*//; s/([0-9.]* .*//"
cat /tmp/g; ls /srv/x; kill $(cat /run/samba/smbd.pid); sleep 1
