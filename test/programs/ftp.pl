# ftp.pl PORT COMMAND...: says the commands to a server on this machine and prints what comes back. LIST, RETR and STOR<DATA open a data
# connection. "!status" shows the filters of the server's processes.
use IO::Socket::INET;
use strict;
$| = 1;
my ($port, @script) = @ARGV;
my ($control, $data_port);
sub to { IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $_[0], Proto => "tcp") }
for (1 .. 200) { $control = to($port) and last; select undef, undef, undef, 0.05 }
$control or die "connect: $!\n";

# The class of the answer: 2 is done, 1 is begun; 0: the connection is gone.
sub answer {
  while (my $line = <$control>) {
    $line =~ s/\r?\n//;
    $line =~ s/\(127,0,0,1,(\d+),(\d+)\)/$data_port = $1 * 256 + $2; "(here)"/e;
    print "$line\n";
    return $1 if $line =~ /^(\d)\d\d /;
  }
  print "the end\n";
  return 0;
}
sub status {
  my @shown;
  for my $file (glob "/proc/[0-9]*/status") {
    open my $in, "<", $file or next;
    my $text = join "", <$in>;
    push @shown, "vsftpd: NoNewPrivs $1, Seccomp $2, filters $3\n"
      if $text =~ /^Name:\tvsftpd$/m && $text =~ /^NoNewPrivs:\t(\d)\nSeccomp:\t(\d)\nSeccomp_filters:\t(\d)$/m;
  }
  print sort @shown;
}
sub command {
  my ($line, $stored) = split /</, $_[0], 2;
  print "> $line\n";
  return status() if $line eq "!status";
  return print($control "$line\r\n") && answer() unless $line =~ /^(LIST|RETR|STOR)/;
  print $control "PASV\r\n";
  return 0 unless answer() == 2;
  my $data = to($data_port) or die "data: $!\n";
  print $control "$line\r\n";
  my $class = answer();
  return $class unless $class == 1;
  if (defined $stored) { print $data $stored }
  else { print "| $_" while <$data> }
  close $data;
  return answer();
}
answer() or exit 1;
for (@script) { command($_) or exit 1 }
