// Objects of every table of gdb's `info os`: a group, a thread, files, sockets, System V IPC. They are removed at the end.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static void *wait_for(void *unused) {
  pthread_mutex_lock(&lock);
  return unused;
}
void ready(void) { __asm__ volatile(""); }

int main(void) {
  struct {
    long type;
    char text[10];
  } message = {1, "hello"};
  struct sockaddr_in four = {AF_INET, htons(24321), {htonl(INADDR_LOOPBACK)}};
  struct sockaddr_in6 six = {AF_INET6, htons(24322)};
  pthread_t thread;
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  int one = 1;
  setpgid(0, 0);
  pthread_mutex_lock(&lock);
  pthread_create(&thread, 0, wait_for, 0);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  bind(listener, (struct sockaddr *)&four, sizeof four);
  listen(listener, 5);
  connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&four, sizeof four);
  bind(socket(AF_INET6, SOCK_DGRAM, 0), (struct sockaddr *)&six, sizeof six);
  open("/dev/null", O_RDONLY);
  int shm = shmget(77001, 5000, IPC_CREAT | 0640);
  int sem = semget(77002, 3, IPC_CREAT | 0600);
  int queue = msgget(77003, IPC_CREAT | 0644);
  void *at = shmat(shm, 0, 0);
  msgsnd(queue, &message, sizeof message.text, 0);
  ready();
  pthread_mutex_unlock(&lock);
  pthread_join(thread, 0);
  shmdt(at);
  shmctl(shm, IPC_RMID, 0);
  semctl(sem, 0, IPC_RMID);
  msgctl(queue, IPC_RMID, 0);
  return 0;
}
