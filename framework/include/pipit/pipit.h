/* The runtime inside a host program in C, or in any language that can call C: open a pipeline, give it items, take
 * results. C++ hosts have pipit/pipeline.h, which promises the same.
 *
 *   pipit_pipeline* pipeline = NULL;
 *   pipit_error* error = pipit_open("text_embedding.yaml", NULL, &pipeline);
 *   if (error != NULL) {
 *     puts(pipit_error_message(error));
 *     pipit_error_free(error);
 *     return 2;
 *   }
 *
 * or, as a stream: one thread calls pipit_push for each item and at last pipit_end, another calls pipit_next until it
 * gives no result. Where the latter gives up early it calls pipit_cancel, which wakes a pipit_push that waits.
 *
 * Errors are values: a function that can fail returns NULL, or an error that the caller frees. An item
 * that fails is not an error of a function: its error is in the item's result.
 *
 * Values are pipit/operator_c.h's pipit_value; pipit_host_table() makes, reads, retains and releases them. What a host
 * gives is borrowed for the call; what it gets from a result is borrowed from the result, and lives on if retained.
 *
 * Threads: all functions may be called from any thread at the same time, except that pipit_free must be the last one
 * of its pipeline, and that one result or future is used by one thread at a time. The host's signal handlers, locale,
 * standard streams and LibTorch settings are left alone.
 *
 * fork: a pipeline belongs to the process that opened it. In a child of it the functions that would need its threads
 * return the error `unavailable`; pipit_end and pipit_cancel do nothing, pipit_free leaves everything to the parent.
 * Open it in the child.
 *
 * Compatibility: functions are only added. A struct begins with its size, so that it can grow at its end.
 * Text is UTF-8 and NUL-terminated. */
#ifndef PIPIT_PIPIT_H
#define PIPIT_PIPIT_H

#include "pipit/operator_c.h"

#ifdef __cplusplus
extern "C" {
#endif

#define PIPIT_API __attribute__((visibility("default")))

typedef struct pipit_pipeline pipit_pipeline;
typedef struct pipit_result pipit_result;
typedef struct pipit_future pipit_future;

/* Makes and reads values; lives as long as the process. */
PIPIT_API const pipit_host* pipit_host_table(void);
/* Of the library: "0.1.0". */
PIPIT_API const char* pipit_version(void);

/* ---- errors ------------------------------------------------------------------------------------------------------ */

/* A short word for programs; pipit/error.h lists them. */
PIPIT_API const char* pipit_error_code(const pipit_error* error);
/* One sentence for people; for a pipeline that is wrong, each fault with its line of the file and a caret below. */
PIPIT_API const char* pipit_error_message(const pipit_error* error);
/* The node where an item failed; "" elsewhere. */
PIPIT_API const char* pipit_error_node(const pipit_error* error);
/* NULL is allowed. */
PIPIT_API void pipit_error_free(pipit_error* error);

/* ---- opening ----------------------------------------------------------------------------------------------------- */

typedef struct pipit_setting {
  const char* target; /* "embed.device", "vars.weights" */
  const char* value;
} pipit_setting;

/* All zero except for struct_size: the defaults. NULL in its place means the same. */
typedef struct pipit_options {
  uint32_t struct_size;    /* sizeof(pipit_options) */
  int32_t threads;         /* for LibTorch, FFmpeg and the like together; 0: leave their settings as they are */
  int32_t items_in_flight; /* items in the pipeline at once, results not yet taken included; at least 1, or 0: 256 */
  uint32_t setting_count;
  const pipit_setting* settings;
  const char* const* operator_path;                    /* folders searched first, and NULL at the end; NULL: none */
  void (*on_warning)(void* user, const char* message); /* from any thread; NULL: dropped */
  int (*cancel_opening)(void* user); /* asked before each long step of opening; 1 makes it the error `cancelled` */
  void* user;
} pipit_options;

/* Reads the file, loads and constructs the operators (models are read here) and starts the threads. */
PIPIT_API pipit_error* pipit_open(const char* file, const pipit_options* options, pipit_pipeline** pipeline);
/* The same for a text; relative paths in it start in `folder`. */
PIPIT_API pipit_error* pipit_parse(const char* yaml, const char* folder, const pipit_options* options,
                                   pipit_pipeline** pipeline);
/* Cancels what is still running, waits for the threads and frees the pipeline. An operator that never returns keeps it
 * waiting. Results and futures stay. NULL is allowed. */
PIPIT_API void pipit_free(pipit_pipeline* pipeline);

/* ---- items ------------------------------------------------------------------------------------------------------- */

typedef struct pipit_input {
  const char* name;
  pipit_value value;
} pipit_input;

/* Runs one item. */
PIPIT_API pipit_error* pipit_run(pipit_pipeline* pipeline, const pipit_input* inputs, size_t count,
                                 pipit_result** result);
/* Starts one item; waits while too many are in flight. */
PIPIT_API pipit_error* pipit_submit(pipit_pipeline* pipeline, const pipit_input* inputs, size_t count,
                                    pipit_future** future);
/* Waits at most so many seconds for the item; a negative number, or more than 1e8: for as long as it takes. 1: it is
 * done (or will never be, in a child after fork; pipit_take tells). */
PIPIT_API int pipit_wait(pipit_future* future, double seconds);
/* Waits for the item, gives its result and frees the future. */
PIPIT_API pipit_error* pipit_take(pipit_future* future, pipit_result** result);
/* Frees a future whose result nobody wants; the item goes on. NULL is allowed. */
PIPIT_API void pipit_future_free(pipit_future* future);

/* Starts one item of the stream. Waits while too many are in flight, so memory stays bounded however slowly results are
 * taken. The error `cancelled` after pipit_cancel or pipit_end: a pipeline has one stream in its life. */
PIPIT_API pipit_error* pipit_push(pipit_pipeline* pipeline, const pipit_input* inputs, size_t count);
/* No more pipit_push will come. */
PIPIT_API void pipit_end(pipit_pipeline* pipeline);
/* The next result of the stream, in the order of pipit_push; waits for it. NULL when all have been taken after
 * pipit_end, or after pipit_cancel. */
PIPIT_API pipit_error* pipit_next(pipit_pipeline* pipeline, pipit_result** result);

/* Gives up all items in flight: futures get the error `cancelled`, the stream ends. Returns at once. */
PIPIT_API void pipit_cancel(pipit_pipeline* pipeline);

/* ---- results ----------------------------------------------------------------------------------------------------- */

/* Counted from 0 in the order of pipit_push. */
PIPIT_API int64_t pipit_result_item(const pipit_result* result);
/* Why the item has no outputs; NULL: it has. Lives as long as the result. */
PIPIT_API const pipit_error* pipit_result_error(const pipit_result* result);
/* The output of a name, borrowed; of kind PIPIT_NULL when there is none. A column of many rows is a list. */
PIPIT_API pipit_value pipit_result_get(const pipit_result* result, const char* name);
/* NULL is allowed. */
PIPIT_API void pipit_result_free(pipit_result* result);

/* ---- what it is and does ----------------------------------------------------------------------------------------- */

/* Strings of JSON, each with one reference that the caller releases: the pipeline after all substitutions; and what
 * each node has done so far, which may be asked for while it runs. */
PIPIT_API pipit_error* pipit_describe(const pipit_pipeline* pipeline, pipit_value* json);
PIPIT_API pipit_error* pipit_stats(const pipit_pipeline* pipeline, pipit_value* json);

#ifdef __cplusplus
}
#endif

#endif
