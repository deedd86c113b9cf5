# about: bison and flex: a calculator, built and run
# equal: amd64 i386
# packages: bison flex gcc libc6-dev
# seconds: 120
cat >c.y <<'END'
%{
#include <stdio.h>
int yylex(void); void yyerror(const char *s) { puts(s); }
%}
%token N
%left '+' '-'
%left '*' '/'
%%
lines: | lines e '\n' { printf("%d\n", $2); } | lines error '\n' { yyerrok; };
e: N | e '+' e { $$ = $1 + $3; } | e '-' e { $$ = $1 - $3; } | e '*' e { $$ = $1 * $3; } | e '/' e { $$ = $1 / $3; } | '(' e ')' { $$ = $2; };
%%
int main(void) { return yyparse(); }
END
cat >c.l <<'END'
%option noyywrap nounput noinput
%{
#include "c.tab.h"
#include <stdlib.h>
extern int yylval;
%}
%%
[0-9]+ { yylval = atoi(yytext); return N; }
[ \t] ;
\n|. return yytext[0];
%%
END
bison -d c.y; flex c.l; gcc -o c c.tab.c lex.yy.c; printf '1+2*3\n(4-1)*5\n1+\n7/2\n' | ./c; bison --version | head -n 1; flex --version; bison -Wcounterexamples - 2>&1 <<'END' | grep -c conflict || :
%%
e: e '+' e | 'x';
END
