/* The parts of the ways to pile up. Each way calls STEP for each object, and `stop` when it is refused. */
#define MANY most
#define STEP(n) (shown->count = (n))

struct progress { volatile long count, bytes; volatile int error; };
struct pile { const char *name; void (*run)(void); };

/* How many are made at most: ./piles MODE COUNT makes so many and waits. */
extern long most;
extern char page[1 << 20];
/* The last process to end reports the count, also if it is killed: the first parent reads it from here. */
extern struct progress *shown;
long stop(long n, const char *what);
void many_files(void);
int in_tmp(void);

/* piles-objects.c */
extern const struct pile object_piles[];
extern const unsigned object_pile_count;
