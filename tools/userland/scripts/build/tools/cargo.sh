# about: cargo: a crate with modules and tests, built, tested, run, offline
# equal: amd64 i386
# packages: cargo rustc gcc libc6-dev
# seconds: 600
# memory: 3G
export CARGO_HOME=/w/ch USER=u; mkdir -p p/src; cd p; printf '[package]\nname = "p"\nversion = "0.1.0"\nedition = "2021"\n' >Cargo.toml; printf 'pub fn add(a: i32, b: i32) -> i32 { a + b }\n#[cfg(test)]\nmod tests { #[test] fn adds() { assert_eq!(super::add(2, 2), 4); } #[test] #[should_panic] fn panics() { panic!() } }\n' >src/lib.rs; echo 'fn main() { println!("{}", p::add(40, 2)); std::process::exit(3) }' >src/main.rs; cargo --offline -q run || echo status $?; cargo --offline -q test --lib 2>&1 | grep -E '^test result' | cut -d';' -f1,2; cargo --offline tree; cargo metadata --offline --no-deps --format-version 1 | grep -c '"name":"p"'
