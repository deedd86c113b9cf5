# about: dnsmasq, dig, host: names, addresses, errors over UDP and TCP
# equal: amd64 i386
# packages: dnsmasq-base bind9-dnsutils bind9-host
# seconds: 120
dnsmasq -k -p 5353 -i lo --bind-interfaces -R -h --address=/a.test/192.0.2.5 --txt-record=t.test,hello --mx-host=m.test,mail.test,10 --user=root --pid-file=/w/p --log-facility=/w/log & sleep 1; d() { dig +noall +answer +tries=1 +time=2 -p 5353 @127.0.0.1 "$@"; }; d a.test; d +tcp a.test; d t.test TXT; d m.test MX; dig +noall +comments -p 5353 @127.0.0.1 no.test | grep -o 'status: [A-Z]*'; host -p 5353 a.test 127.0.0.1 | tail -n 1; dig +short -p 5353 @127.0.0.1 a.test; nslookup -port=5353 a.test 127.0.0.1 | tail -n 2 | head -n 1; kill $!; wait || :; dig +tries=1 +time=1 -p 5353 @127.0.0.1 a.test 2>&1 | grep -c 'refused\|no servers' || :
