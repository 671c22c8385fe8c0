// The border between programs without LibTorch and the library that writes TorchScript archives: plain data in C.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Which weights to read, as `pipit weights` names them, and the file to write. Fields may be appended.
typedef struct pipit_torchscript_request {
  uint32_t struct_size;      /* sizeof(pipit_torchscript_request) */
  uint32_t averaged;         /* 1: the averaged weights that a training checkpoint has beside the model's */
  const char* weights;       /* a weight file or a model folder */
  const char* file;          /* to write */
  int64_t heads;             /* of attention; 0: as the weights tell */
  const char* activation;    /* "gelu" or "quick_gelu"; NULL: as the weights tell */
  const char* const* ignore; /* patterns of tensors that may be there beside the model's; ended by NULL; may be NULL */
} pipit_torchscript_request;

/// Returns 0, or 1 after `fail` was called with the error.
typedef int (*pipit_torchscript_function)(const pipit_torchscript_request* request, void* user,
                                          void (*fail)(void* user, const char* code, const char* message));

/// The function of this type that libpipit_clip.so exports.
#define PIPIT_TORCHSCRIPT_FUNCTION "pipit_clip_write_torchscript"

#ifdef __cplusplus
}
#endif
