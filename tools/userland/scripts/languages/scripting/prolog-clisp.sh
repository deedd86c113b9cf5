# about: SWI-Prolog, CLISP
# equal: amd64 i386
# packages: swi-prolog-core clisp
# seconds: 240
echo ':- initialization(main). app([], L, L). app([H|T], L, [H|R]) :- app(T, L, R). main :- app([1], [2], X), print(X), nl, findall(Y, member(Y, [3, 1]), Z), msort(Z, W), print(W), nl, X2 is 2 ** 100, print(X2), nl, thread_create(true, T), thread_join(T, S), print(S), nl, catch(atom_length(_, _), E, (E = error(F, _), print(F), nl)), halt(3).' >s.pl; swipl -q s.pl || echo status $?
clisp -q -x '(progn (print (expt 2 100)) (print (handler-case (/ 1 0) (error () :caught))) (print (sort (list 3 1 2) (function <))) (print (format nil "~r" 42)))' 2>&1 | tail -n 6
