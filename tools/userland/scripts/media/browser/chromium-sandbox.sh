# about: chromium with its own sandbox: namespaces and seccomp
# equal: amd64
# packages: chromium
# architectures: amd64
# seconds: 900
# memory: 3G
useradd -m u 2>/dev/null; cd /; runuser -u u -- chromium --headless --disable-gpu --disable-dev-shm-usage --dump-dom 'data:text/html,<p>sandboxed</p>' 2>/dev/null
