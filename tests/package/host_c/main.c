/* Embeds sentences: host_c PIPELINE.yaml SENTENCE… */
#include <pipit/pipit.h>
#include <stdio.h>
#include <string.h>

static int failed(pipit_error* error) {
  if (error == NULL) return 0;
  fprintf(stderr, "%s: %s\n", pipit_error_code(error), pipit_error_message(error));
  pipit_error_free(error);
  return 1;
}

int main(int argc, char** argv) {
  const pipit_host* host = pipit_host_table();
  pipit_pipeline* pipeline = NULL;
  int bad = 0;
  if (argc < 2) return fprintf(stderr, "usage: host_c PIPELINE.yaml SENTENCE…\n"), 2;
  if (failed(pipit_open(argv[1], NULL, &pipeline))) return 2;
  for (int i = 2; i < argc; ++i) {
    pipit_input input = {"text", {0}};
    pipit_result* result = NULL;
    if (host->make_string(argv[i], strlen(argv[i]), &input.value) != 0) return 2;
    if (failed(pipit_run(pipeline, &input, 1, &result))) return 2;
    host->release(input.value);
    const pipit_error* error = pipit_result_error(result);
    if (error != NULL) {
      fprintf(stderr, "%s: %s: %s\n", argv[i], pipit_error_code(error), pipit_error_message(error));
      bad = 1;
    } else {
      const pipit_tensor* vec = host->tensor(pipit_result_get(result, "vec"));
      printf("%s: a vector of %lld numbers\n", argv[i], (long long)vec->shape[0]);
    }
    pipit_result_free(result);
  }
  pipit_free(pipeline);
  return bad;
}
