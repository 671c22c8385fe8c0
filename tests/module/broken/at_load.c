/* A module whose static constructor does not end well: it ABORTS, EXITS or LOOPS. */
#include <pipit/operator_c.h>
#include <stdlib.h>

PIPIT_NOTE_(PIPIT_TEXT(PIPIT_ABI_MAJOR), PIPIT_TEXT(PIPIT_ABI_MINOR), "\"" NAME "\"", "\"1.0.0\"",
            "\"broken on purpose\"");

static volatile int forever = 1;

__attribute__((constructor)) static void at_load(void) {
#ifdef LOOPS
  while (forever) continue;
#elif defined(EXITS)
  if (forever) exit(0);
#else
  if (forever) abort();
#endif
}

__attribute__((visibility("default"))) const pipit_operator* pipit_operator_entry(const pipit_host* host) {
  (void)host;
  return NULL;
}
