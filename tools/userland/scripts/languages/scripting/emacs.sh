# about: emacs --batch: Lisp, buffers, processes, org-free text work, byte compilation
# equal: amd64 i386
# packages: emacs-nox
# seconds: 300
# memory: 2G
cat >s.el <<'END'
;;; -*- lexical-binding: t -*-
(defun fib (n) (if (< n 2) n (+ (fib (- n 1)) (fib (- n 2))))) (princ (format "%d\n" (fib 18))) (with-temp-buffer (insert "hello world") (goto-char 1) (while (re-search-forward "o" nil t) (replace-match "0")) (princ (buffer-string)) (terpri)) (princ (shell-command-to-string "echo shell")) (princ (format "%s\n" (json-encode '((a . [1 2]))))) (let ((p (start-process "p" nil "sh" "-c" "exit 4"))) (while (process-live-p p) (accept-process-output p 0.1)) (princ (format "%d\n" (process-exit-status p)))) (let ((t1 (make-thread (lambda () 42)))) (princ (format "%s\n" (thread-join t1)))) (princ (format "%s\n" (expt 2 100))) (princ (sha1 "x")) (terpri) (let ((s (make-network-process :name "s" :server t :host 'local :service t))) (princ (format "%s\n" (process-status s)))) (kill-emacs 3)
END
emacs -Q --batch -l s.el || echo status $?; echo '(defun f (x) (* 2 x))' >f.el; emacs -Q --batch -f batch-byte-compile f.el 2>/dev/null; ls f.elc; emacs -Q --batch -l f.elc --eval '(princ (f 21))'; echo
