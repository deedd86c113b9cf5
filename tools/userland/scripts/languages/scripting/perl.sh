# about: perl: regular expressions, processes, sockets, threads-free modules, Storable, POSIX, tie, sprintf
# equal: amd64 i386
# packages: perl
# seconds: 120
cat >s.pl <<'END'
use strict; use warnings; use POSIX qw(:sys_wait_h floor strftime); use List::Util qw(sum first); use Data::Dumper; use Storable qw(freeze thaw); use IO::Socket::INET; use Digest::SHA qw(sha256_hex); use Time::HiRes qw(sleep); use File::Temp; use Fcntl qw(:flock); use JSON::PP; use Encode; use IO::Select; use Socket;
$| = 1; my $t = "the cat sat on the mat"; my %n; $n{$_}++ for split ' ', $t; print join(",", map { "$_=$n{$_}" } sort keys %n), "\n"; (my $u = $t) =~ s/(\w+)/\u$1/g; print "$u\n"; print "$1\n" if $t =~ /(?<=c)(at)\b(?! on)/;
print sum(1 .. 100), " ", first { $_ > 3 } (1, 5, 9); print "\n"; $Data::Dumper::Sortkeys = 1; $Data::Dumper::Indent = 1; print Dumper({ a => [1, { b => 2 }] }); print thaw(freeze([1, 2, 3]))->[2], "\n"; print sha256_hex("x"), "\n"; print strftime("%F", gmtime 0), "\n";
my $pid = fork; if (!$pid) { exit 7 } waitpid $pid, 0; print "child ", $? >> 8, "\n"; local $SIG{ALRM} = sub { die "alarm\n" }; eval { alarm 1; select undef, undef, undef, 5; }; print $@; pipe my $r, my $w; if (!fork) { close $r; print $w "piped\n"; exit } close $w; print scalar <$r>; wait;
my $s = IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die; if (!fork) { my $c = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $s->sockport); print $c "net\n"; exit } my $c = $s->accept; print scalar <$c>; wait; my $f = File::Temp->new; flock $f, LOCK_EX; print $f "x\n"; seek $f, 0, 0; print -s "$f" // 0, "\n"; close $f;
print JSON::PP->new->canonical->encode({ a => [1, "b", undef] }), "\n"; print length(encode("UTF-8", "\x{e4}\x{20ac}")), "\n"; my @s = sort { $a <=> $b } map { $_ * 7919 % 101 } 1 .. 20; print "@s\n"; printf "%.10f %e %s\n", atan2(1, 1) * 4, 12345.678, 2 ** 64; print pack("nNv", 1, 2, 3) =~ s/(.)/sprintf "%02x", ord $1/gesr, "\n"; open my $p, "-|", "seq 3"; print <$p>; close $p; print `echo tick`; print sprintf("%b", 10), " ", oct("0x1f"), " ", reverse("abc") . "", "\n"; socketpair my $x, my $y, AF_UNIX, SOCK_STREAM, 0; syswrite $x, "pair"; sysread $y, my $b, 9; print "$b\n"; local $0 = "renamed"; print floor(-2.5), " ", WNOHANG, "\n"; my ($i, $z) = (0, 0); $z += $i++ * 3 % 7 while $i < 100000; print "$z\n";
END
perl s.pl; perl -ne 'print if /1$/' <<'END'
11
12
END
perl -e 'exit 3' || echo status $?; perl -v | sed -n 2p | cut -c1-40; perl -MConfig -e 'print "$Config{ivsize} $Config{usethreads}\n"'; perl -Mthreads -e 'my @t = map { my $n = $_; threads->create(sub { $n * 2 }) } 1 .. 4; print join(",", map { $_->join } @t), "\n"'
