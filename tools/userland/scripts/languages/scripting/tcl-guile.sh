# about: tclsh and guile: lists, events, sockets, bignums, continuations, threads
# equal: amd64 i386
# packages: tcl guile-3.0
# seconds: 180
cat >s.tcl <<'END'
proc fib n { expr { $n < 2 ? $n : [fib [expr {$n - 1}]] + [fib [expr {$n - 2}]] } }; puts [fib 15]; puts [lsort -integer {3 1 2}]; puts [regsub -all {o} "foo" 0]; puts [expr {2 ** 100}]; dict set d a 1; puts [dict get $d a]; puts [clock format 0 -gmt 1 -format %Y]; puts [exec echo hi | tr a-z A-Z]
proc serve {c a p} { puts $c net; close $c }; set s [socket -server serve -myaddr 127.0.0.1 0]; set c [socket 127.0.0.1 [lindex [fconfigure $s -sockname] 2]]; fileevent $c readable { puts [gets $c]; close $c; set done 1 }; after 100 { puts timer }; vwait done; after 200 { set more 1 }; vwait more; puts [catch { error bad } e]$e; coroutine g apply {{} { yield; foreach x {1 2} { yield $x } }}; puts [g][g]; set f [open f w]; puts $f x; close $f; puts [file size f]; puts [string map {a b} banana][format %05.2f 3.14159]; puts [info patchlevel]; exit 3
END
tclsh s.tcl || echo status $?
cat >s.scm <<'END'
(use-modules (ice-9 regex) (ice-9 popen) (ice-9 rdelim) (ice-9 threads) (srfi srfi-1))
(define (fact n) (if (< n 2) 1 (* n (fact (- n 1))))) (display (fact 50)) (newline) (display (call/cc (lambda (k) (+ 1 (k 42))))) (newline) (display (fold + 0 (iota 101))) (newline) (display (regexp-substitute/global #f "o" "foo" 'pre "0" 'post)) (newline)
(define p (open-input-pipe "echo from pipe")) (display (read-line p)) (newline) (close-pipe p) (display (map (lambda (t) (join-thread t)) (map (lambda (i) (call-with-new-thread (lambda () (* i i)))) '(1 2 3)))) (newline) (display (exact->inexact 22/7)) (newline) (display (string-append "a" (number->string 255 16))) (newline) (let ((pid (primitive-fork))) (if (= pid 0) (primitive-exit 6) (begin (display (status:exit-val (cdr (waitpid pid)))) (newline)))) (display (version)) (newline) (exit 4)
END
GUILE_AUTO_COMPILE=0 guile -s s.scm || echo status $?
