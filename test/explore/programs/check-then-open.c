// A file is checked and then opened, and another thread puts a different file in its place in between. With an
// argument a mutex keeps the two calls together.
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static int locks;

static void *replaces(void *unused) {
  if (locks) pthread_mutex_lock(&mutex);
  rename("other", "checked");
  if (locks) pthread_mutex_unlock(&mutex);
  return unused;
}

int main(int count, char **arguments) {
  (void)arguments;
  locks = count > 1;
  if (chdir("/tmp") != 0) return 2;
  close(open("checked", O_CREAT | O_WRONLY, 0600));
  close(open("other", O_CREAT | O_WRONLY, 0600));
  pthread_t thread;
  if (pthread_create(&thread, NULL, replaces, NULL) != 0) return 2;
  if (locks) pthread_mutex_lock(&mutex);
  if (access("checked", R_OK) == 0) close(open("checked", O_RDONLY));
  if (locks) pthread_mutex_unlock(&mutex);
  pthread_join(thread, NULL);
  return 0;
}
