# about: go: goroutines, channels, select, net/http, exec, build, vet
# differs: Not finished inside after 1500 s on a loaded machine (45 s natively): go compiles its standard library first.
# packages: golang-go
# seconds: 600
# memory: 3G
export GOCACHE=/w/cache GOPATH=/w/go GOFLAGS=-mod=mod GO111MODULE=off; cat >a.go <<'END'
package main
import ("fmt"; "io"; "net/http"; "net/http/httptest"; "os"; "os/exec"; "sort"; "sync"; "time"; "context"; "os/signal"; "syscall")
func main() { var w sync.WaitGroup; var m sync.Mutex; s := []int{}; for i := 0; i < 100; i++ { w.Add(1); go func() { defer w.Done(); m.Lock(); s = append(s, i*i); m.Unlock() }() }; w.Wait(); sort.Ints(s); fmt.Println(s[len(s)-1], len(s)); v := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "hi "+r.URL.Path) })); r, err := http.Get(v.URL + "/x"); if err != nil { panic(err) }; b, _ := io.ReadAll(r.Body); fmt.Println(string(b)); v.Close(); o, _ := exec.Command("echo", "sub").Output(); fmt.Print(string(o)); c := make(chan int); go func() { for i := range 3 { c <- i }; close(c) }(); for x := range c { fmt.Print(x, " ") }; fmt.Println(); x, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond); defer cancel(); <-x.Done(); fmt.Println(x.Err()); g := make(chan os.Signal, 1); signal.Notify(g, syscall.SIGUSR1); syscall.Kill(os.Getpid(), syscall.SIGUSR1); fmt.Println(<-g); func() { defer func() { fmt.Println(recover() != nil) }(); var p *int; *p = 1 }(); os.Exit(6) }
END
go build -o a a.go; ./a || echo status $?; go vet a.go && echo vet; go version | cut -d' ' -f1,2; gofmt -l a.go
