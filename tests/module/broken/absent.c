/* A library that is there when a module is linked, and not when it is loaded. */
int absent(void);
int absent(void) {
  return 1;
}
