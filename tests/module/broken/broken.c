/* A module that is right but for one thing, which CMake's definitions choose. */
#include <pipit/operator_c.h>

#ifndef MAJOR
#define MAJOR PIPIT_TEXT(PIPIT_ABI_MAJOR)
#endif
#ifndef MINOR
#define MINOR PIPIT_TEXT(PIPIT_ABI_MINOR)
#endif

#ifndef NO_NOTE
PIPIT_NOTE_(MAJOR, MINOR, "\"" NAME "\"", "\"1.0.0\"", "\"broken on purpose\"");
#endif

static const pipit_port ports[] = {{"text", PORT_TYPE, "", PIPIT_ONE, 0}, {SECOND_PORT, "string", "", PIPIT_ONE, 0}};
static const pipit_variant variants[] = {{VARIANT, ports, ports, 2, 2}};
static const pipit_signature signature = {
    .struct_size = sizeof(pipit_signature),
    .port_size = sizeof(pipit_port),
    .argument_size = sizeof(pipit_argument),
    .variant_size = sizeof(pipit_variant),
    .doc = "Does nothing.",
    .variants = variants,
    .variant_count = 1,
};

static int create(const pipit_create_request* request, void** instance, pipit_error* error) {
  (void)request, (void)instance, (void)error;
  return 0;
}
static void destroy(void* instance) {
  (void)instance;
}
static int process(void* instance, const pipit_call* call, pipit_error* error) {
  (void)instance, (void)call, (void)error;
  return 0;
}

static const pipit_operator table = {
    .struct_size = sizeof(pipit_operator),
    .signature = &signature,
    .create = create,
    .destroy = destroy,
    .process = process,
};

#ifdef MISSING_LIBRARY
int absent(void);
#endif

__attribute__((visibility("default"))) const pipit_operator* ENTRY(const pipit_host* host) {
  (void)host;
#ifdef MISSING_LIBRARY
  return absent() ? &table : 0;
#else
  return ENTRY_GIVES;
#endif
}
