# about: SBCL and OCaml: compiled Lisp with threads and conditions, native and byte code
# equal: amd64
# packages: sbcl ocaml-nox
# seconds: 240
# architectures: amd64
cat >s.lisp <<'END'
(defun fib (n) (declare (fixnum n)) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (print (fib 22)) (print (expt 2 100)) (print (handler-case (error "bad") (error (e) (format nil "caught ~a" e)))) (print (mapcar #'sb-thread:join-thread (loop for i below 3 collect (let ((i i)) (sb-thread:make-thread (lambda () (* i i))))))) (print (with-output-to-string (s) (sb-ext:run-program "/bin/echo" '("sub") :output s))) (print (sort (list 3 1 2) #'<)) (format t "~%~,5f ~r~%" pi 42) (gc :full t) (sb-ext:exit :code 3 :abort t)
END
sbcl --script s.lisp || echo status $?
cat >s.ml <<'END'
let rec fib n = if n < 2 then n else fib (n - 1) + fib (n - 2) let () = Printf.printf "%d\n" (fib 24); let d = Domain.spawn (fun () -> fib 20) in Printf.printf "%d\n" (Domain.join d); List.iter (Printf.printf "%d ") (List.sort compare [3; 1; 2]); print_newline (); (try failwith "x" with Failure s -> print_endline s); let open Effect in let open Effect.Deep in let module M = struct type _ t += E : int t end in print_int (try_with (fun () -> 1 + perform M.E) () { effc = fun (type a) (e : a t) -> match e with M.E -> Some (fun (k : (a, _) continuation) -> continue k 41) | _ -> None }); print_newline (); exit 2
END
ocamlfind ocamlopt -o s s.ml 2>/dev/null || ocamlopt -o s s.ml; ./s || echo status $?; ocaml s.ml || echo status $?
