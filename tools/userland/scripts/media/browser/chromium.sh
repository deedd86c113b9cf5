# about: chromium --headless --dump-dom of a data URL that runs a script
# equal: amd64
# packages: chromium
# architectures: amd64
# seconds: 900
# memory: 3G
useradd -m u 2>/dev/null; cd /; runuser -u u -- chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --dump-dom 'data:text/html,<p id=a>x</p><script>document.getElementById("a").textContent = [1,2,3].map(x => x * 2).join()</script>' 2>/dev/null
