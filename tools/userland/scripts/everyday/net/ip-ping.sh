# about: ip (links, addresses, routes), ping, ss
# differs: A loopback device that is down refuses connections; on Linux it keeps its routes, and packets are lost.
# packages: iproute2 iputils-ping
# mask: time[=< ].*|rtt .* => T
ip -br link show lo; ip -br addr show lo; ip addr add 10.9.8.7/24 dev lo; ip -4 -o addr show lo | tr -s ' ' | cut -d' ' -f4; ip -j link show lo | head -c 60; echo; ip route; ping -c 2 -i 0.2 127.0.0.1; ping -c 1 -W 1 10.9.8.7 | head -n 2; ping -6 -c 1 ::1 | grep -c 'bytes from'; ip -s link show lo | wc -l; ip link set lo mtu 1500; cat /sys/class/net/lo/mtu
ip neigh; ip netns list; ip tuntap list; ip link show nosuch || echo status $?; ip addr del 10.9.8.7/24 dev lo; ip -o -4 addr | wc -l; ip link set lo down; ping -c 1 -W 1 127.0.0.1 2>&1 | tail -n 2 | head -n 1; ip link set lo up; ping -c 1 192.0.2.1 2>&1 || echo status $?; ip route get 127.0.0.1 | head -n 1; ip -V | cut -d, -f1; ip rule
