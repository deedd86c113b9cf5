# about: rustc: generics, threads, channels, panics, a program of several modules
# equal: amd64 i386
# packages: rustc gcc libc6-dev
# seconds: 400
# memory: 2G
cat >a.rs <<'END'
use std::{collections::BTreeMap, io::{Read, Write}, net::{TcpListener, TcpStream}, process::Command, sync::{mpsc, Arc, Mutex}, thread};
mod m { pub trait Area { fn area(&self) -> f64; } pub struct Sq(pub f64); impl Area for Sq { fn area(&self) -> f64 { self.0 * self.0 } } }
use m::Area;
fn main() { let mut c = BTreeMap::new(); for w in "a b a".split(' ') { *c.entry(w).or_insert(0) += 1; } println!("{:?} {}", c, m::Sq(3.0).area()); let t = Arc::new(Mutex::new(0)); let h: Vec<_> = (0..4).map(|i| { let t = t.clone(); thread::spawn(move || *t.lock().unwrap() += i) }).collect(); for x in h { x.join().unwrap(); } println!("{}", t.lock().unwrap()); let (s, r) = mpsc::channel(); thread::spawn(move || for i in 0..3 { s.send(i).unwrap() }); println!("{:?}", r.iter().collect::<Vec<_>>()); let l = TcpListener::bind("127.0.0.1:0").unwrap(); let a = l.local_addr().unwrap(); thread::spawn(move || TcpStream::connect(a).unwrap().write_all(b"net").unwrap()); let mut b = String::new(); l.accept().unwrap().0.read_to_string(&mut b).unwrap(); println!("{b}"); println!("{}", String::from_utf8(Command::new("echo").arg("sub").output().unwrap().stdout).unwrap().trim()); println!("{:?}", std::panic::catch_unwind(|| { panic!("p") }).is_err()); std::process::exit(5) }
END
rustc -o a a.rs; ./a 2>/dev/null || echo status $?; rustc --version | cut -d' ' -f1,2; echo 'fn main() { let x: i32 = "a"; }' | rustc - 2>&1 | grep -c E0308
