/* The binary interface between the pipit runtime and an operator module (a shared object).
 *
 * C++ authors include pipit/operator.h, which is a veneer over this file; any other language, or plain C, uses it
 * directly.
 *
 * Order of calls
 *   1. The runtime reads the module's ELF note (below) and checks it. None of the module's code has run yet.
 *   2. The module is loaded (its static constructors run) and `pipit_operator_entry(host)` is called, once a process.
 *   3. For each node: create -> process* -> finish -> destroy. A PIPIT_STATELESS operator has one instance a node
 * replica and `finish` is not called; a PIPIT_PER_ITEM operator has one instance an item. The module is never unloaded.
 *
 * Threads: one instance is used by one thread at a time; different instances run at the same time. Every function of
 * `pipit_host` may be called from any thread, but emit, emit_values and fail by the called one alone: else they fail.
 *
 * Compatibility: tables only grow. A reader looks at a table's `struct_size` before it uses a field that was not in
 * version 1.0. A runtime loads modules of its own ABI major version and of a minor version up to its own.
 *
 * Errors: functions returning int return 0, or another value after having called `host->set_error`. No C++ exception
 * may leave a module; one that does ends the process.
 *
 * Text is UTF-8 and NUL-terminated unless a size stands beside it. */
#ifndef PIPIT_OPERATOR_C_H
#define PIPIT_OPERATOR_C_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PIPIT_ABI_MAJOR 1
#define PIPIT_ABI_MINOR 2

/* ---- values ------------------------------------------------------------------------------------------------------ */

enum {
  PIPIT_NULL = 0,
  PIPIT_BOOL = 1,
  PIPIT_INT = 2,
  PIPIT_FLOAT = 3,
  PIPIT_STRING = 4, /* this kind and all later ones are reference counted */
  PIPIT_BYTES = 5,
  PIPIT_TENSOR = 6,
  PIPIT_FRAME = 7,
  PIPIT_LIST = 8,
  PIPIT_MAP = 9
};

/* A value: a kind and, in place, a scalar, or a reference to an immutable object that the runtime keeps.
 * Copying the struct does not take a reference: retain does. A fresh zeroed struct is null. */
typedef struct pipit_value {
  uint32_t kind;
  uint32_t reserved; /* 0 */
  union {
    int64_t integer; /* PIPIT_INT; PIPIT_BOOL as 0 or 1 */
    double number;   /* PIPIT_FLOAT */
    void* object;    /* PIPIT_STRING and later */
  } as;
} pipit_value;

/* The layouts of DLPack's DLTensor and DLManagedTensor (github.com/dmlc/dlpack, version 0.x), so that any library which
 * speaks DLPack can take these as they are. */
enum { PIPIT_DEVICE_CPU = 1, PIPIT_DEVICE_CUDA = 2 };
enum { PIPIT_TYPE_INT = 0, PIPIT_TYPE_UINT = 1, PIPIT_TYPE_FLOAT = 2, PIPIT_TYPE_BFLOAT = 4, PIPIT_TYPE_BOOL = 6 };

typedef struct pipit_tensor {
  void* data;
  struct {
    int32_t type;
    int32_t id;
  } device;
  int32_t dimensions;
  struct {
    uint8_t code;
    uint8_t bits;
    uint16_t lanes; /* 1 */
  } dtype;
  int64_t* shape;
  int64_t* strides; /* in elements; NULL: contiguous, row-major */
  uint64_t byte_offset;
} pipit_tensor;

typedef struct pipit_managed_tensor {
  pipit_tensor tensor;
  void* manager;
  void (*deleter)(struct pipit_managed_tensor* self); /* frees self too; may be called from any thread; may be NULL */
} pipit_managed_tensor;

/* What is known of a video frame besides its pixels. */
typedef struct pipit_frame_info {
  uint32_t struct_size;
  uint32_t key_frame;       /* 0 or 1 */
  int64_t index;            /* in presentation order, from 0, counted from the first frame that the decoder delivers */
  double timestamp_ms;      /* as the file states it: a stream need not begin at 0 */
  int64_t estimated_frames; /* frames that the stream is expected to deliver; -1: unknown */
  double duration_s;        /* of what is delivered; negative: unknown */
  double rate;              /* average frames per second; 0: unknown */
  double start_s;           /* the time that the decoder was told to begin at */
} pipit_frame_info;

/* ---- what an operator says of itself ----------------------------------------------------------------------------- */

enum { PIPIT_ONE = 0, PIPIT_MANY = 1, PIPIT_REDUCE = 2 };

/* Types of ports: any null bool int float string bytes frame map list<T> tensor tensor<f32>[512] tensor<f32>[?]
 * tensor<u8>[?,?,3] tensor<f32>[...]; `?` is a size that is known later, `...` any number of dimensions.
 * Element types: f64 f32 f16 bf16 i64 i32 i16 i8 u8 bool. */
typedef struct pipit_port {
  const char* name;
  const char* type;
  const char* doc;
  uint32_t count; /* inputs: PIPIT_ONE a row; PIPIT_MANY a window, as a list of rows; PIPIT_REDUCE rows one by one, the
                     result at the end of the item. Outputs: PIPIT_ONE, or PIPIT_MANY rows for each row in. */
  uint32_t reserved;
} pipit_port;

/* Types of arguments: string path int float bool enum(a|b|c) list<string> list<int> list<float> map any.
 * A path is resolved by the runtime against the pipeline file's folder. */
typedef struct pipit_argument {
  const char* name;
  const char* type;
  const char* default_text; /* as YAML ("12", "cpu", "null"); NULL: required */
  const char* doc;
  const char* alias; /* another spelling ("args.num_samples" for a key of a nested map), or NULL */
  /* Since 1.1: which values of the type, one of the following; NULL: all. The runtime refuses others, so that `pipit
   * check` tells them and create never sees them. A list's items are judged one by one; a default of "null" is not.
   *   "range:1.." "range:..8" "range:0..2"          a finite number between these, both included
   *   "one_of:a|b" "one_of:b32=base_patch32|auto"   a text or int of these; create gets 'b32' for 'base_patch32'
   *   "format:device"                               "cpu", "cuda" or "cuda:N"
   *   "format:sha256"                               64 hexadecimal digits
   *   "path:file" "path:folder" "path:file|folder"  what a path leads to when the pipeline is opened */
  const char* values;
  /* Since 1.1: what the number means for the plan of a pipeline, or NULL.
   *   "rows_given"  so many rows come out, whatever comes in
   *   "rows_used"   so many rows of a window are used, the rest are dropped */
  const char* role;
} pipit_argument;

/* The ports, for one value of the variant argument. */
typedef struct pipit_variant {
  const char* value; /* NULL when the operator has no variants */
  const pipit_port* inputs;
  const pipit_port* outputs;
  uint32_t input_count;
  uint32_t output_count;
} pipit_variant;

/* A code of the operator's own with which it refuses rows or arguments, besides those of pipit/error.h. */
typedef struct pipit_refusal {
  const char* code;
  const char* when; /* "when the shelf is full" */
} pipit_refusal;

enum { PIPIT_STATELESS = 0, PIPIT_PER_ITEM = 1 };
enum { PIPIT_USES_THREADS = 1u << 0 }; /* runs threads of its own, as many as context_threads says */

typedef struct pipit_signature {
  uint32_t struct_size;
  uint16_t port_size;     /* sizeof(pipit_port) as the module was built */
  uint16_t argument_size; /* sizeof(pipit_argument) */
  uint16_t variant_size;  /* sizeof(pipit_variant) */
  uint16_t state;         /* PIPIT_STATELESS or PIPIT_PER_ITEM */
  uint32_t flags;         /* PIPIT_USES_THREADS, … */
  uint32_t batch;         /* rows that one call may usefully take together; 0: row by row, any number */
  const char* doc;
  const char* variant_argument; /* an enum argument, or NULL: then there is one variant */
  const pipit_variant* variants;
  const pipit_argument* arguments;
  uint32_t variant_count;
  uint32_t argument_count;
  /* Not in version 1.0: read when struct_size reaches it. */
  const pipit_refusal* refusals;
  uint32_t refusal_count;
  uint32_t refusal_size; /* sizeof(pipit_refusal) */
  /* Kinds of work that arguments of this operator ask for, apart by spaces ("frame_sampling"), or NULL. */
  const char* performs;
  /* One such kind, and the arguments that ask for this operator's own work in another's place, or NULL:
   *   "frame_sampling sample_type=time_step_sample time_step=$time_step"
   * where `$name` is the value of this operator's argument. When the node before performs that kind, has all these
   * arguments at their defaults, and is read by nobody else, the runtime gives them to it and leaves this node out. */
  const char* stands_for;
} pipit_signature;

/* ---- calls ------------------------------------------------------------------------------------------------------- */

typedef struct pipit_error pipit_error;
typedef struct pipit_text pipit_text;
typedef struct pipit_context pipit_context;
typedef struct pipit_emitter pipit_emitter;
typedef struct pipit_resource pipit_resource;

typedef struct pipit_create_request {
  uint32_t struct_size;
  uint32_t reserved;
  pipit_value
      arguments; /* a map: every argument of the signature, checked, defaults filled in; borrowed for the call */
  pipit_context* context; /* valid until destroy returns */
} pipit_create_request;

/* Rows to work on. They may be of one item or, for a stateless operator, of several. */
typedef struct pipit_call {
  uint32_t struct_size;
  uint32_t rows;    /* 0 in finish */
  uint32_t columns; /* input ports */
  uint32_t reserved;
  const pipit_value* const* inputs; /* inputs[column][row]; borrowed for the call */
  pipit_emitter* emitter;
} pipit_call;

typedef struct pipit_operator {
  uint32_t struct_size;
  uint32_t reserved;
  const pipit_signature* signature;
  int (*create)(const pipit_create_request* request, void** instance, pipit_error* error);
  void (*destroy)(void* instance);
  /* For each row: PIPIT_ONE outputs emit exactly once, in any order; PIPIT_MANY any number of times, in order of the
   * rows. An error fails every row's item. */
  int (*process)(void* instance, const pipit_call* call, pipit_error* error);
  /* PIPIT_PER_ITEM only: after the item's last row. May emit, as row 0. NULL: nothing to do. */
  int (*finish)(void* instance, const pipit_call* call, pipit_error* error);
  /* After create: the type of an output port as now known, through host->set_text. NULL: as the signature says. */
  int (*output_type)(void* instance, uint32_t port, pipit_text* type);
  /* After create: facts for people and for statistics (parameters, bytes, …), a map. NULL: none. */
  int (*report)(void* instance, pipit_value* facts, pipit_error* error);
  /* Since 1.2, there when struct_size reaches it. After create and before any row, where vectors are to be kept or
   * compared: the name of the space that the output's vectors lie in, through host->set_text. Vectors may be compared
   * when the names are equal, so the name tells all that another model would have differently; it may take as long as
   * reading the weights. An empty name, or NULL: the vectors lie in the space of what it reads, or are none. */
  int (*space)(void* instance, pipit_text* name, pipit_error* error);
  /* Since 1.2. After create: the name of the space that the vectors which it reads must lie in; a pipeline that gives
   * it those of another is refused before any row. An empty name, or NULL: any. */
  int (*takes_space)(void* instance, pipit_text* name, pipit_error* error);
} pipit_operator;

/* ---- what the runtime gives -------------------------------------------------------------------------------------- */

typedef struct pipit_host {
  uint32_t struct_size;
  uint16_t abi_major;
  uint16_t abi_minor;

  /* References. Both do nothing for scalars. */
  void (*retain)(pipit_value value);
  void (*release)(pipit_value value);

  /* Making values. Each returns 0 and a value with one reference, or non-zero when memory is short. make_tensor and
   * make_frame take the tensor (on success and on failure); make_list and make_map take the elements. A frame's pixels
   * are uint8 [height, width, 3], RGB. Keys of a map are unique; their order is kept. */
  int (*make_string)(const char* data, size_t size, pipit_value* out);
  int (*make_bytes)(const void* data, size_t size, pipit_value* out);
  int (*make_tensor)(pipit_managed_tensor* tensor, pipit_value* out);
  int (*make_frame)(const pipit_frame_info* info, pipit_managed_tensor* pixels, pipit_value* out);
  int (*make_list)(const pipit_value* elements, size_t size, pipit_value* out);
  int (*make_map)(const pipit_value* keys, const pipit_value* values, size_t size, pipit_value* out);

  /* Reading values. What is returned lives as long as the value. A value of another kind gives NULL, or 0. */
  const char* (*string_data)(pipit_value value, size_t* size);
  const void* (*bytes_data)(pipit_value value, size_t* size);
  const pipit_tensor* (*tensor)(pipit_value value); /* of a frame: its pixels */
  const pipit_frame_info* (*frame_info)(pipit_value value);
  const pipit_value* (*list_data)(pipit_value value, size_t* size);
  size_t (*map_size)(pipit_value value);
  void (*map_entry)(pipit_value value, size_t at, pipit_value* key, pipit_value* entry); /* borrowed */

  /* Errors. `code` is a short word (pipit/error.h lists them), `message` one sentence. */
  void (*set_error)(pipit_error* error, const char* code, const char* message);
  void (*set_text)(pipit_text* text, const char* data, size_t size);

  /* Inside process and finish. emit takes the values, one an output port, for the given row of the call; it may block
   * until there is room. It returns 0 to go on, 1 when nobody wants more of this row's item (skip its rows, or return:
   * other items' rows are then called for again). fail fails one row's item and leaves the others. */
  int (*emit)(pipit_emitter* emitter, uint32_t row, pipit_value* outputs);
  void (*fail)(pipit_emitter* emitter, uint32_t row, const char* code, const char* message);
  int (*stop_requested)(pipit_emitter* emitter);

  /* The node that an instance serves. */
  const char* (*context_node)(pipit_context* context);
  /* Its share of the thread budget; 0: leave settings as found. Asked by process on the thread that called it: with
   * those added that no node uses at the moment, which are this call's until it asks again or returns. */
  uint32_t (*context_threads)(pipit_context* context);
  void (*context_warn)(pipit_context* context, const char* message);             /* told once for each message */
  void (*context_count)(pipit_context* context, const char* counter, int64_t n); /* added up in the run's statistics */

  /* A resource shared by all that ask for the same key: `make` is called for the first, `drop` after the last release.
   * While one thread makes it the others wait; when it fails, its error goes to its caller and the next one tries
   * again. On failure `code` and `message` point to texts that live until this thread's next call of this function. */
  int (*resource_acquire)(pipit_context* context, const char* key,
                          int (*make)(void* user, void** object, pipit_error* error), void (*drop)(void* object),
                          void* user, pipit_resource** resource, void** object, const char** code,
                          const char** message);
  void (*resource_release)(pipit_resource* resource);

  /* Since 1.1, there when struct_size reaches it: emit with the number of values in `outputs`. Where that is not the
   * number of output ports, the row fails and the values are released; emit() has to trust that there is one for each
   * port. Called, like everything inside process and finish, by the thread that was called. */
  int (*emit_values)(pipit_emitter* emitter, uint32_t row, pipit_value* outputs, uint32_t count);
} pipit_host;

/* The one symbol that a module exports. `host` lives as long as the process. Returns NULL when it cannot work with it.
 */
#define PIPIT_OPERATOR_ENTRY "pipit_operator_entry"
typedef const pipit_operator* (*pipit_operator_entry_function)(const pipit_host* host);

/* ---- the ELF note ------------------------------------------------------------------------------------------------ */

/* A module carries one note in section .note.pipit: owner "pipit", type PIPIT_NOTE_TYPE, and as its descriptor
 *   u32 size of the descriptor, u16 ABI major, u16 ABI minor,
 *   then NUL-terminated texts: the LibTorch version it was built for or "none", the operator's name, its version, a
 * one-line summary. Later versions append. PIPIT_NOTE(…) writes it; its arguments are string literals. */
#define PIPIT_NOTE_TYPE 0x50495031

#ifndef PIPIT_LIBTORCH_VERSION
#define PIPIT_LIBTORCH_VERSION "none"
#endif

#define PIPIT_TEXT_(x) #x
#define PIPIT_TEXT(x) PIPIT_TEXT_(x)
#define PIPIT_NOTE(name, version, summary) \
  PIPIT_NOTE_(PIPIT_TEXT(PIPIT_ABI_MAJOR), PIPIT_TEXT(PIPIT_ABI_MINOR), #name, #version, #summary)
#define PIPIT_NOTE_(major, minor, name, version, summary)                              \
  __asm__(                                                                             \
      ".pushsection .note.pipit,\"a\",@note\n"                                         \
      ".balign 4\n"                                                                    \
      ".long 6, 4f - 3f, 0x50495031\n"                                                 \
      ".asciz \"pipit\"\n"                                                             \
      ".balign 4\n"                                                                    \
      "3: .long 4f - 3b\n"                                                             \
      ".short " major ", " minor                                                       \
      "\n"                                                                             \
      ".asciz " PIPIT_TEXT(PIPIT_LIBTORCH_VERSION) ", " name ", " version ", " summary \
                                                   "\n"                                \
                                                   "4: .balign 4\n"                    \
                                                   ".popsection\n")

#ifdef __cplusplus
}
#endif

#endif
