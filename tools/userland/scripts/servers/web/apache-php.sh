# about: Apache with PHP as CGI and its own modules: prefork processes, rewriting, status
# equal: amd64 i386
# packages: apache2 curl php-cgi
# seconds: 180
. /etc/apache2/envvars; mkdir -p $APACHE_RUN_DIR $APACHE_LOCK_DIR /w/w; echo '<?php echo "php ", $_GET["x"] + 1, "\n";' >w/i.php; echo page >w/p.html; cat >c <<'END'
ServerRoot /usr/lib/apache2
ServerName localhost
Listen 127.0.0.1:8095
PidFile /w/pid
ErrorLog /w/err
DocumentRoot /w/w
LoadModule mpm_event_module modules/mod_mpm_event.so
LoadModule authz_core_module modules/mod_authz_core.so
LoadModule rewrite_module modules/mod_rewrite.so
LoadModule alias_module modules/mod_alias.so
LoadModule cgid_module modules/mod_cgid.so
LoadModule mime_module modules/mod_mime.so
LoadModule dir_module modules/mod_dir.so
LoadModule deflate_module modules/mod_deflate.so
LoadModule filter_module modules/mod_filter.so
ScriptSock /w/cgisock
TypesConfig /dev/null
RewriteEngine on
RewriteRule ^/old$ /p.html [R=302,L]
ScriptAlias /cgi /w/c.sh
User www-data
Group www-data
END
printf '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\n"; echo "cgi $QUERY_STRING"\n' >c.sh; chmod 755 c.sh /w; apache2 -t -f /w/c 2>&1; apache2 -f /w/c; sleep 1.5; u=http://127.0.0.1:8095; curl -s $u/p.html; curl -s -o /dev/null -w '%{http_code} %{redirect_url}\n' $u/old; curl -s "$u/cgi?q=1"; curl -s -I $u/no | head -n 1 | tr -d '\r'; for i in 1 2 3 4; do curl -s $u/p.html & done; wait; apache2 -f /w/c -k graceful-stop; sleep 1; curl -s $u/ || echo status $?; php-cgi -q w/i.php x=41 2>/dev/null | tail -n 1
