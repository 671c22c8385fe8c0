/* Embeds sentences: host_c PIPELINE.yaml SENTENCE… */
#include <pipit/pipit.h>
#include <stdio.h>
#include <string.h>

/* Tells an error and frees it. */
static int failed(pipit_error* error) {
  if (error == NULL) return 0;
  fprintf(stderr, "%s: %s\n", pipit_error_code(error), pipit_error_message(error));
  pipit_error_free(error);
  return 1;
}

/* 0: the sentence has a vector; 1: it has none; 2: nothing more can be done. */
static int embed(pipit_pipeline* pipeline, const char* sentence) {
  const pipit_host* host = pipit_host_table();
  pipit_input input = {"text", {0}};
  pipit_result* result = NULL;
  pipit_error* error = NULL;
  int status = 1;
  if (host->make_string(sentence, strlen(sentence), &input.value) != 0) return 2;
  error = pipit_run(pipeline, &input, 1, &result);
  host->release(input.value);
  if (failed(error)) return 2;
  const pipit_error* item_error = pipit_result_error(result);
  const pipit_tensor* vec = host->tensor(pipit_result_get(result, "vec"));
  if (item_error != NULL) {
    fprintf(stderr, "%s: %s: %s\n", sentence, pipit_error_code(item_error), pipit_error_message(item_error));
  } else if (vec == NULL || vec->dimensions != 1) {
    fprintf(stderr, "%s: the pipeline has no output 'vec' that is one vector\n", sentence);
  } else {
    printf("%s: a vector of %lld numbers\n", sentence, (long long)vec->shape[0]);
    status = 0;
  }
  pipit_result_free(result);
  return status;
}

int main(int argc, char** argv) {
  pipit_pipeline* pipeline = NULL;
  int status = 0;
  if (argc < 2) return fprintf(stderr, "usage: host_c PIPELINE.yaml SENTENCE…\n"), 2;
  if (failed(pipit_open(argv[1], NULL, &pipeline))) return 2;
  for (int i = 2; i < argc && status < 2; ++i) {
    const int this_one = embed(pipeline, argv[i]);
    if (this_one > status) status = this_one;
  }
  pipit_free(pipeline);
  return status;
}
