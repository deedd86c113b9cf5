# about: R, gnuplot, PARI/GP: numbers, matrices, pictures as text
# equal: amd64 i386
# packages: r-base-core gnuplot-nox pari-gp
# seconds: 400
# memory: 2G
cat >s.R <<'END'
set.seed(1); x <- rnorm(50); print(round(c(mean(x), sd(x)), 6)); m <- matrix(c(2, 1, 1, 3), 2); print(solve(m)); print(summary(lm(dist ~ speed, cars))$r.squared); print(paste(rev(strsplit("abc", "")[[1]]), collapse = "")); print(tryCatch(stop("x"), error = function(e) conditionMessage(e))); print(system("echo sys", intern = TRUE)); print(Reduce(`+`, 1:10, accumulate = TRUE)); print(parallel::mclapply(1:3, function(i) i^2, mc.cores = 2)[[3]]); quit(status = 3)
END
Rscript --vanilla s.R || echo status $?; gnuplot -e 'set terminal dumb 40 12; plot sin(x) notitle' | head -n 12; gnuplot -e 'print 2**10, gamma(5)' 2>&1; echo 'print(factor(2^64+1)); print(matdet([1,2;3,4])); print(Pi); print(prime(1000)); print(polroots(x^2-2))' | gp -q
