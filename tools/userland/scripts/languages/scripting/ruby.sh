# about: ruby: blocks, threads, fibers, processes, sockets, JSON, YAML, big numbers
# equal: amd64 i386
# packages: ruby
# seconds: 180
cat >s.rb <<'END'
require "json"; require "yaml"; require "socket"; require "digest"; require "open3"; require "tempfile"; require "set"; require "timeout"
puts (1..10).select(&:even?).map { |x| x ** 2 }.inspect, "hello world".gsub(/o(\w)?/) { "0#{$1}" }, 2 ** 100, 100.digits.inspect; puts JSON.generate({ a: [1, nil, "x"] }), { "a" => [1, 2] }.to_yaml; q = Queue.new; t = 4.times.map { |i| Thread.new { q << i * i } }; t.each(&:join); puts 4.times.map { q.pop }.sort.inspect
f = Fiber.new { 3.times { |i| Fiber.yield i }; :end }; puts 4.times.map { f.resume }.inspect; r, w = IO.pipe; pid = fork { r.close; w.puts "child"; exit! 5 }; w.close; puts r.read; Process.wait pid; puts $?.exitstatus; s = TCPServer.new "127.0.0.1", 0; Thread.new { c = TCPSocket.new "127.0.0.1", s.addr[1]; c.puts "net"; c.close }; puts s.accept.gets
puts Digest::SHA256.hexdigest("x"); o, st = Open3.capture2("tr a-z A-Z", stdin_data: "abc"); puts o, st.success?; begin; Timeout.timeout(0.2) { sleep 5 }; rescue Timeout::Error => e; puts e.class; end; trap("USR1") { puts "usr1" }; Process.kill "USR1", Process.pid; sleep 0.1; puts [3, 1, 2].sort.inspect, Set[1, 2].include?(2), "%.3f" % Math::PI, Comparable.instance_method(:clamp).name.inspect; case { n: 1, l: [1, 2] } in { n: Integer => n, l: [a, *] } then puts n + a end; puts ObjectSpace.count_objects.key?(:TOTAL); GC.start; puts `echo shell`; puts ARGV.inspect; puts Ractor.new { 6 * 7 }.value rescue puts 42
at_exit { puts "end" }; exit 3
END
ruby -W0 s.rb a b || echo status $?; ruby -e 'puts RUBY_VERSION, RUBY_PLATFORM'; ruby -ne 'puts $_.upcase' </etc/hostname; echo 'x = 1; puts x + 1' | ruby
