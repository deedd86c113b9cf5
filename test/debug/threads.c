// Two threads that count for ever, each in its own variable, until one of them says stop.
#include <pthread.h>

__thread long mine;
volatile long counts[2];
volatile int stop;

static void tick(long self) {
    counts[self]++;
    mine = counts[self] * 10 + self;
}
static void *work(void *argument) {
    while (!stop)
        tick((long)argument);
    return 0;
}
int main(void) {
    pthread_t a, b;
    pthread_create(&a, 0, work, (void *)0);
    pthread_create(&b, 0, work, (void *)1);
    pthread_join(a, 0);
    pthread_join(b, 0);
    return 7;
}
