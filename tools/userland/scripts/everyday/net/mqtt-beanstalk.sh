# about: mosquitto: subscribe, publish, retained messages; tftp, netcat over Unix datagrams
# equal: amd64 i386
# packages: mosquitto mosquitto-clients
# seconds: 120
printf 'listener 1884 127.0.0.1\nallow_anonymous true\n' >c; mosquitto -c c 2>/dev/null & m=$!; sleep 1; mosquitto_sub -p 1884 -t 'a/#' -C 3 -v >s & sleep 1; mosquitto_pub -p 1884 -t a/b -m one; mosquitto_pub -p 1884 -t a/c -m two -q 1; seq 1 | mosquitto_pub -p 1884 -t a/d -l; wait $!; cat s; mosquitto_pub -p 1884 -t r -m kept -r; mosquitto_sub -p 1884 -t r -C 1; mosquitto_sub -p 1884 -t none -W 1 || echo status $?; kill $m; wait $m || :; mosquitto_pub -p 1884 -t x -m y 2>&1 || echo status $?
