# Begins to talk to sshd, and shows under which filter the process runs that answers.
use IO::Socket::INET;
use strict;
my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => 2222, Proto => "tcp") or die "connect: $!\n";
print scalar <$server>;
print $server "SSH-2.0-look\r\n";
$server->flush;
for (1 .. 100) {
  for my $file (glob "/proc/[0-9]*/status") {
    open my $in, "<", $file or next;
    my $text = join "", <$in>;
    next unless $text =~ /^Name:\tsshd-auth$/m && $text =~ /^NoNewPrivs:\t(\d)\nSeccomp:\t(\d)\nSeccomp_filters:\t(\d)$/m && $2;
    print "sshd-auth: NoNewPrivs $1, Seccomp $2, filters $3\n";
    exit;
  }
  select undef, undef, undef, 0.05;
}
print "no process with a filter\n";
