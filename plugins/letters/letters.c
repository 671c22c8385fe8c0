/* An operator in plain C: counts a letter in a text. It shows all that a C author needs: a note, a signature, four
 * functions, one entry. */
#include <pipit/operator_c.h>
#include <stdlib.h>
#include <string.h>

PIPIT_NOTE("acme/text.letters", "1.0.0", "counts a letter in a text");

static const pipit_host* host;

struct letters {
  char letter;
};

static const pipit_port inputs[] = {{"text", "string", "any text", PIPIT_ONE, 0}};
static const pipit_port outputs[] = {{"count", "int", "how often the letter stands in it", PIPIT_ONE, 0}};
static const pipit_argument arguments[] = {{"letter", "string", "a", "one letter", NULL, NULL, NULL}};
static const pipit_variant variants[] = {{NULL, inputs, outputs, 1, 1}};

static const pipit_refusal refusals[] = {{"empty_text", "for an empty text"}};

static const pipit_signature signature = {
    .struct_size = sizeof(pipit_signature),
    .port_size = sizeof(pipit_port),
    .argument_size = sizeof(pipit_argument),
    .variant_size = sizeof(pipit_variant),
    .state = PIPIT_STATELESS,
    .doc = "Counts a letter.",
    .variants = variants,
    .arguments = arguments,
    .variant_count = 1,
    .argument_count = 1,
    .refusals = refusals,
    .refusal_count = 1,
    .refusal_size = sizeof(pipit_refusal),
};

static int create(const pipit_create_request* request, void** instance, pipit_error* error) {
  pipit_value key;
  pipit_value letter;
  size_t size = 0;
  host->map_entry(request->arguments, 0, &key, &letter);
  const char* text = host->string_data(letter, &size);
  if (size != 1) {
    host->set_error(error, "invalid_argument", "letter must be one letter");
    return 1;
  }
  struct letters* self = malloc(sizeof *self);
  if (self == NULL) {
    host->set_error(error, "out_of_memory", "memory is exhausted");
    return 1;
  }
  self->letter = text[0];
  *instance = self;
  return 0;
}

static void destroy(void* instance) {
  free(instance);
}

static int process(void* instance, const pipit_call* call, pipit_error* error) {
  const struct letters* self = instance;
  (void)error;
  for (uint32_t row = 0; row < call->rows; ++row) {
    size_t size = 0;
    const char* text = host->string_data(call->inputs[0][row], &size);
    if (size == 0) {
      host->fail(call->emitter, row, "empty_text", "an empty text has no letters");
      continue;
    }
    pipit_value count = {.kind = PIPIT_INT};
    for (size_t i = 0; i < size; ++i) count.as.integer += text[i] == self->letter;
    if (host->emit(call->emitter, row, &count) != 0) break;
  }
  return 0;
}

static int report(void* instance, pipit_value* facts, pipit_error* error) {
  const struct letters* self = instance;
  pipit_value key;
  pipit_value value;
  if (host->make_string("letter", 6, &key) != 0 || host->make_string(&self->letter, 1, &value) != 0 ||
      host->make_map(&key, &value, 1, facts) != 0) {
    host->set_error(error, "out_of_memory", "memory is exhausted");
    return 1;
  }
  return 0;
}

static const pipit_operator table = {
    .struct_size = sizeof(pipit_operator),
    .signature = &signature,
    .create = create,
    .destroy = destroy,
    .process = process,
    .report = report,
};

__attribute__((visibility("default"))) const pipit_operator* pipit_operator_entry(const pipit_host* runtime) {
  host = runtime;
  return &table;
}
