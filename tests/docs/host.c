/* The example in pipit/pipit.h, in a function around it. */
#include <pipit/pipit.h>
#include <stdio.h>

int open_one(void);

int open_one(void) {
  pipit_pipeline* pipeline = NULL;
  pipit_error* error = pipit_open("text_embedding.yaml", NULL, &pipeline);
  if (error != NULL) {
    puts(pipit_error_message(error));
    pipit_error_free(error);
    return 2;
  }
  pipit_free(pipeline);
  return 0;
}
