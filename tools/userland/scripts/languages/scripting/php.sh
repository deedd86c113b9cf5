# about: php: arrays, closures, JSON, PCRE, PDO-free streams, processes, its web server
# equal: amd64 i386
# packages: php-cli
# seconds: 120
cat >s.php <<'END'
<?php
function fib(int $n): int { return $n < 2 ? $n : fib($n - 1) + fib($n - 2); } echo fib(18), "\n"; echo json_encode(["a" => [1, null, "ä"]], JSON_UNESCAPED_UNICODE), "\n"; preg_match_all('/\b(\w)(\w+)/', "one two", $m); print_r($m[2]); echo implode(",", array_map(fn($x) => $x ** 2, range(1, 5))), "\n"; usort($l = [3, 1, 2], fn($a, $b) => $a <=> $b);
$p = proc_open(["tr", "a-z", "A-Z"], [["pipe", "r"], ["pipe", "w"]], $pipes); fwrite($pipes[0], "abc\n"); fclose($pipes[0]); echo stream_get_contents($pipes[1]); echo proc_close($p), "\n"; $s = stream_socket_server("tcp://127.0.0.1:0"); $c = stream_socket_client("tcp://" . stream_socket_get_name($s, false)); $a = stream_socket_accept($s); fwrite($a, "net\n"); echo fgets($c);
echo hash("sha256", "x"), " ", md5("x"), " ", crc32("x"), "\n"; function g() { foreach ([1, 2] as $x) yield $x => $x * 2; } foreach (g() as $k => $v) echo "$k:$v "; echo "\n"; try { intdiv(1, 0); } catch (DivisionByZeroError $e) { echo get_class($e), "\n"; } printf("%05.2f %x %'*10s\n", 3.14159, 255, "pad"); echo date("Y-m-d", 0), " ", PHP_INT_SIZE, " ", PHP_OS, "\n"; $f = new Fiber(function () { $x = Fiber::suspend(1); echo "resumed $x\n"; }); echo $f->start(), "\n"; $f->resume(2); enum Suit: string { case A = "a"; } echo Suit::from("a")->name, "\n"; echo strlen(gzcompress(str_repeat("a", 1000))) < 50 ? "small\n" : "big\n"; if (function_exists("pcntl_fork")) { $pid = pcntl_fork(); if (!$pid) exit(4); pcntl_waitpid($pid, $st); echo pcntl_wexitstatus($st), "\n"; } echo serialize([1, "a" => true]), "\n"; echo str_pad(number_format(1234567.891, 2), 15, "-", STR_PAD_LEFT), "\n"; $x = 0; for ($i = 0; $i < 200000; $i++) $x = ($x * 31 + $i) % 1000003; echo $x, "\n"; exit(2);
END
php s.php 2>&1 || echo status $?; php -r 'echo PHP_VERSION, "\n";'; mkdir d; echo '<?php echo $_GET["x"] ?? "none", "\n";' >d/index.php; php -S 127.0.0.1:8001 -t d 2>/dev/null & sleep 2; php -r 'echo file_get_contents("http://127.0.0.1:8001/?x=1");'; kill $!
