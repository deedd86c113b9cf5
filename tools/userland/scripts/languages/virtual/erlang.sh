# about: erlang: processes, messages, ports, ets, supervision of a crash, timers, a TCP server
# equal: amd64 i386
# packages: erlang-base
# seconds: 240
cat >s.erl <<'END'
-module(s). -export([main/0]).
main() -> S = self(), Ps = [spawn(fun() -> receive {X, F} -> F ! X * X end end) || _ <- lists:seq(1, 100)], [P ! {N, S} || {P, N} <- lists:zip(Ps, lists:seq(1, 100))], io:format("~p~n", [lists:sum([receive R -> R end || _ <- Ps])]), io:format("~p~n", [os:cmd("echo port")]), T = ets:new(t, []), ets:insert(T, {a, 1}), io:format("~p~n", [ets:lookup(T, a)]), process_flag(trap_exit, true), spawn_link(fun() -> exit(bad) end), receive {'EXIT', _, W} -> io:format("~p~n", [W]) end,
 {ok, L} = gen_tcp:listen(0, [binary, {active, false}, {ip, {127, 0, 0, 1}}]), {ok, Port} = inet:port(L), spawn(fun() -> {ok, C} = gen_tcp:connect("127.0.0.1", Port, [binary]), gen_tcp:send(C, "net"), gen_tcp:close(C) end), {ok, A} = gen_tcp:accept(L), io:format("~p~n", [gen_tcp:recv(A, 0)]), timer:send_after(50, tick), receive tick -> io:format("tick~n") end, io:format("~p ~p~n", [lists:sort([3, 1, 2]), 1 bsl 100]), ok = file:write_file("f", <<"x">>), io:format("~p~n", [file:read_file("f")]), io:format("~p~n", [re:replace("foo", "o", "0", [global, {return, list}])]), erlang:halt(3).
END
erlc s.erl; erl -noshell -noinput -s s main || echo status $?; erl -noshell -eval 'io:format("~s~n", [erlang:system_info(otp_release)]), halt().'
