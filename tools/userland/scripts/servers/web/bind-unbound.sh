# about: BIND and Unbound as daemons: a zone over UDP and TCP, local data, rndc
# packages: bind9 bind9-utils bind9-dnsutils unbound
# architectures: amd64
# seconds: 120
# equal: amd64
mkdir -p /run/named; chown bind /run/named
cat > /etc/bind/named.conf <<X
options { directory "/var/cache/bind"; listen-on { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; };
zone "ex.test" { type master; file "/etc/bind/db.ex"; };
X
cat > /etc/bind/db.ex <<X
\$TTL 60
@ IN SOA ns.ex.test. root.ex.test. 1 60 60 60 60
@ IN NS ns.ex.test.
ns IN A 127.0.0.1
www IN A 10.1.2.3
www IN AAAA fd00::1
X
named-checkzone ex.test /etc/bind/db.ex
named -u bind -c /etc/bind/named.conf; sleep 2
dig @127.0.0.1 www.ex.test +short; dig @127.0.0.1 +tcp www.ex.test AAAA +short; dig @127.0.0.1 nx.ex.test | grep status | sed 's/id: .*//'
rndc status 2>/dev/null | grep -c running; rndc stop; sleep 2; echo "named ended"
cat > /tmp/u.conf <<X
server:
  interface: 127.0.0.1@5300
  chroot: ""
  username: ""
  do-daemonize: yes
  pidfile: "/tmp/u.pid"
  use-syslog: no
  local-zone: "z.test." static
  local-data: "a.z.test. IN A 1.2.3.4"
X
unbound-checkconf /tmp/u.conf; unbound -c /tmp/u.conf; sleep 1; dig @127.0.0.1 -p 5300 a.z.test +short; kill $(cat /tmp/u.pid); sleep 1
