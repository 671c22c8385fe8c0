"""pipit in a Python program, through ctypes and the C interface (pipit/pipit.h). Needs nothing but Python.

    from pipit_ctypes import Pipeline

    with Pipeline("text_embedding.yaml", {"vars.weights": "w.safetensors"}) as pipeline:
        print(pipeline.run(text="a red circle")["vec"])
        for result in pipeline.stream({"text": line} for line in open("sentences.txt")):
            print(result.item, result.error or result["vec"])

Copy the file beside your program, or put its folder on PYTHONPATH. libpipit.so is taken from `library=`, else from the
environment's PIPIT_LIBRARY, else from the installed tree that this file lies in.

Values: None, bool, int, float, str, bytes, list and dict are themselves. A tensor is a list of lists of numbers, of its
own nesting (numpy.array(result["vec"], "float32") makes an array of it); a frame is a dict with `width`, `height`,
`timestamp_ms` and `rgb`, its bytes. Errors of a pipeline are PipitError; what goes wrong with one item of a stream is in
its result. A pipeline belongs to the process that opened it: open it after os.fork() and in each worker of
multiprocessing.

As a program it runs one item and prints its outputs as JSON:  python3 pipit_ctypes.py PIPELINE.yaml NAME=VALUE...
"""

import ctypes
import json
import os
import pathlib
import struct
import sys
import threading

NULL, BOOL, INT, FLOAT, STRING, BYTES, TENSOR, FRAME, LIST, MAP = range(10)


class Value(ctypes.Structure):
    """pipit_value. `bits` stands for its union: the integer, the bits of the number, or the object's address."""

    _fields_ = [("kind", ctypes.c_uint32), ("reserved", ctypes.c_uint32), ("bits", ctypes.c_int64)]


class Tensor(ctypes.Structure):
    """pipit_tensor, which is DLPack's DLTensor."""

    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device_type", ctypes.c_int32),
        ("device_id", ctypes.c_int32),
        ("dimensions", ctypes.c_int32),
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class FrameInfo(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("key_frame", ctypes.c_uint32),
        ("index", ctypes.c_int64),
        ("timestamp_ms", ctypes.c_double),
    ]  # more follows, which is not read here


class Input(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("value", Value)]


class Setting(ctypes.Structure):
    _fields_ = [("target", ctypes.c_char_p), ("value", ctypes.c_char_p)]


class Options(ctypes.Structure):
    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("threads", ctypes.c_int32),
        ("items_in_flight", ctypes.c_int32),
        ("setting_count", ctypes.c_uint32),
        ("settings", ctypes.POINTER(Setting)),
        ("operator_path", ctypes.POINTER(ctypes.c_char_p)),
        ("on_warning", ctypes.c_void_p),
        ("cancel_opening", ctypes.c_void_p),
        ("user", ctypes.c_void_p),
    ]


_size = ctypes.c_size_t
_size_out = ctypes.POINTER(ctypes.c_size_t)
_value_out = ctypes.POINTER(Value)


class Host(ctypes.Structure):
    """The part of pipit_host that makes and reads values."""

    _fields_ = [
        ("struct_size", ctypes.c_uint32),
        ("abi_major", ctypes.c_uint16),
        ("abi_minor", ctypes.c_uint16),
        ("retain", ctypes.CFUNCTYPE(None, Value)),
        ("release", ctypes.CFUNCTYPE(None, Value)),
        ("make_string", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, _size, _value_out)),
        ("make_bytes", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_char_p, _size, _value_out)),
        ("make_tensor", ctypes.c_void_p),
        ("make_frame", ctypes.c_void_p),
        ("make_list", ctypes.CFUNCTYPE(ctypes.c_int, _value_out, _size, _value_out)),
        ("make_map", ctypes.CFUNCTYPE(ctypes.c_int, _value_out, _value_out, _size, _value_out)),
        ("string_data", ctypes.CFUNCTYPE(ctypes.c_void_p, Value, _size_out)),
        ("bytes_data", ctypes.CFUNCTYPE(ctypes.c_void_p, Value, _size_out)),
        ("tensor", ctypes.CFUNCTYPE(ctypes.POINTER(Tensor), Value)),
        ("frame_info", ctypes.CFUNCTYPE(ctypes.POINTER(FrameInfo), Value)),
        ("list_data", ctypes.CFUNCTYPE(ctypes.POINTER(Value), Value, _size_out)),
        ("map_size", ctypes.CFUNCTYPE(_size, Value)),
        ("map_entry", ctypes.CFUNCTYPE(None, Value, _size, _value_out, _value_out)),
    ]


class PipitError(Exception):
    """What went wrong: `code` is a short word, `node` where it happened or ''."""

    def __init__(self, code, message, node=""):
        super().__init__(message)
        self.code = code
        self.node = node


class Result:
    """One item's outcome: `outputs`, also as result["name"], or `error`, a PipitError."""

    def __init__(self, item, outputs, error):
        self.item = item
        self.outputs = outputs
        self.error = error

    def __getitem__(self, name):
        if self.error is not None:
            raise self.error
        return self.outputs[name]


def _library_file():
    """The one that PIPIT_LIBRARY names, or PREFIX/lib/libpipit.so for PREFIX/share/doc/pipit/docs/examples/<this file>."""
    return os.environ.get("PIPIT_LIBRARY") or str(pathlib.Path(__file__).resolve().parents[5] / "lib" / "libpipit.so")


class _Library:
    """libpipit.so with the types of its functions."""

    def __init__(self, file):
        self.c = c = ctypes.CDLL(os.path.abspath(file))
        pointer = ctypes.c_void_p
        error = pointer
        for name, result, arguments in [
            ("pipit_host_table", ctypes.POINTER(Host), []),
            ("pipit_error_code", ctypes.c_char_p, [pointer]),
            ("pipit_error_message", ctypes.c_char_p, [pointer]),
            ("pipit_error_node", ctypes.c_char_p, [pointer]),
            ("pipit_error_free", None, [pointer]),
            ("pipit_open", error, [ctypes.c_char_p, ctypes.POINTER(Options), ctypes.POINTER(pointer)]),
            ("pipit_free", None, [pointer]),
            ("pipit_run", error, [pointer, ctypes.POINTER(Input), _size, ctypes.POINTER(pointer)]),
            ("pipit_push", error, [pointer, ctypes.POINTER(Input), _size]),
            ("pipit_end", None, [pointer]),
            ("pipit_next", error, [pointer, ctypes.POINTER(pointer)]),
            ("pipit_cancel", None, [pointer]),
            ("pipit_result_item", ctypes.c_int64, [pointer]),
            ("pipit_result_error", pointer, [pointer]),
            ("pipit_result_get", Value, [pointer, ctypes.c_char_p]),
            ("pipit_result_free", None, [pointer]),
            ("pipit_describe", error, [pointer, _value_out]),
        ]:
            function = getattr(c, name)
            function.restype = result
            function.argtypes = arguments
        self.host = c.pipit_host_table().contents

    def error(self, pointer):
        """A PipitError with what an error says; the error stays."""
        texts = (f(pointer).decode() for f in (self.c.pipit_error_code, self.c.pipit_error_message, self.c.pipit_error_node))
        return PipitError(*texts)

    def check(self, pointer):
        if pointer:
            error = self.error(pointer)
            self.c.pipit_error_free(pointer)
            raise error

    # ---- values to Python ----

    def to_python(self, value):
        size = ctypes.c_size_t()
        if value.kind == NULL:
            return None
        if value.kind == BOOL:
            return value.bits != 0
        if value.kind == INT:
            return value.bits
        if value.kind == FLOAT:
            return struct.unpack("d", struct.pack("q", value.bits))[0]
        if value.kind == STRING:
            data = self.host.string_data(value, ctypes.byref(size))
            return ctypes.string_at(data, size.value).decode(errors="surrogateescape")
        if value.kind == BYTES:
            data = self.host.bytes_data(value, ctypes.byref(size))
            return ctypes.string_at(data, size.value) if size.value else b""
        if value.kind == TENSOR:
            return self._numbers(self.host.tensor(value).contents)
        if value.kind == FRAME:
            return self._frame(value)
        if value.kind == LIST:
            elements = self.host.list_data(value, ctypes.byref(size))
            return [self.to_python(elements[i]) for i in range(size.value)]
        entries = {}
        for at in range(self.host.map_size(value)):
            key, entry = Value(), Value()
            self.host.map_entry(value, at, ctypes.byref(key), ctypes.byref(entry))
            entries[self.to_python(key)] = self.to_python(entry)
        return entries

    @staticmethod
    def _numbers(tensor):
        if tensor.device_type != 1:
            raise PipitError("invalid_argument", "a tensor lies on another device than the CPU")
        shape = [tensor.shape[d] for d in range(tensor.dimensions)]
        strides = [1] * len(shape)
        for d in range(len(shape) - 2, -1, -1):
            strides[d] = strides[d + 1] * shape[d + 1]
        if tensor.strides:
            strides = [tensor.strides[d] for d in range(len(shape))]
        kinds = {(0, 8): "b", (0, 16): "h", (0, 32): "i", (0, 64): "q", (1, 8): "B", (2, 16): "e", (2, 32): "f", (2, 64): "d",
                 (4, 16): "H", (6, 8): "?"}  # (code, bits)
        letter = kinds[tensor.code, tensor.bits]
        base = (tensor.data or 0) + tensor.byte_offset
        width = tensor.bits // 8

        def one(at):
            number = struct.unpack(letter, ctypes.string_at(base + at * width, width))[0]
            # A bfloat16 is the upper half of a float32.
            return struct.unpack("f", struct.pack("I", number << 16))[0] if tensor.code == 4 else number

        def part(d, at):
            if d == len(shape):
                return one(at)
            return [part(d + 1, at + i * strides[d]) for i in range(shape[d])]

        return part(0, 0)

    def _frame(self, value):
        pixels = self.host.tensor(value).contents
        height, width = pixels.shape[0], pixels.shape[1]
        # The runtime's frames are contiguous: height x width x RGB.
        rgb = ctypes.string_at(pixels.data + pixels.byte_offset, height * width * 3)
        info = self.host.frame_info(value).contents
        return {"width": width, "height": height, "timestamp_ms": info.timestamp_ms, "rgb": rgb}

    # ---- Python to values ----

    def to_value(self, given):
        """A value with one reference."""
        value = Value()
        out = ctypes.byref(value)
        if given is None:
            return value
        if isinstance(given, bool):
            return Value(BOOL, 0, int(given))
        if isinstance(given, int):
            if not -(2**63) <= given < 2**63:
                raise PipitError("invalid_input", f"{given} does not fit into 64 bits")
            return Value(INT, 0, given)
        if isinstance(given, float):
            return Value(FLOAT, 0, struct.unpack("q", struct.pack("d", given))[0])
        if isinstance(given, (str, os.PathLike)):
            data = os.fspath(given).encode(errors="surrogateescape")
            status = self.host.make_string(data, len(data), out)
        elif isinstance(given, bytes):
            status = self.host.make_bytes(given, len(given), out)
        elif isinstance(given, dict):
            status = self.host.make_map(self._values(given.keys()), self._values(given.values()), len(given), out)
        elif isinstance(given, (list, tuple)):
            status = self.host.make_list(self._values(given), len(given), out)
        else:
            raise PipitError("invalid_input", f"a {type(given).__name__} is not a value that pipit knows")
        if status != 0:
            raise MemoryError
        return value

    def _values(self, given):
        return (Value * len(given))(*(self.to_value(one) for one in given))


class Pipeline:
    """A pipeline that is open. All functions may be called from any thread, but close() when no other call is under way."""

    def __init__(self, file, settings=None, operator_path=(), threads=0, items_in_flight=0, library=None):
        """`settings` are those of --set: {"embed.device": "cuda", "vars.weights": "w.safetensors"}."""
        self._pipeline = None
        self._streamed = False
        self._lib = _Library(library or _library_file())
        pairs = [Setting(k.encode(), str(v).encode()) for k, v in (settings or {}).items()]
        folders = [os.fsencode(folder) for folder in operator_path] + [None]
        options = Options(ctypes.sizeof(Options), threads, items_in_flight, len(pairs), (Setting * len(pairs))(*pairs),
                          (ctypes.c_char_p * len(folders))(*folders))
        pipeline = ctypes.c_void_p()
        self._lib.check(self._lib.c.pipit_open(os.fsencode(file), ctypes.byref(options), ctypes.byref(pipeline)))
        self._pipeline = pipeline
        description = Value()
        self._lib.check(self._lib.c.pipit_describe(self._pipeline, ctypes.byref(description)))
        names = json.loads(self._lib.to_python(description))["outputs"]
        self._lib.host.release(description)
        # "embed.vec", a pipeline's input by its name, or {name: column} for what has another name below.
        self.outputs = [next(iter(n)) if isinstance(n, dict) else n.split(".")[-1] for n in names]

    def close(self):
        """Cancels what is under way and frees the pipeline."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline:
            self._lib.c.pipit_free(pipeline)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        self.close()

    def run(self, **inputs):
        """Runs one item. Raises its error."""
        result = ctypes.c_void_p()
        self._with_inputs(inputs, lambda c, given, n: c.pipit_run(self._open(), given, n, ctypes.byref(result)))
        outcome = self._take(result)
        if outcome.error is not None:
            raise outcome.error
        return outcome.outputs

    def stream(self, items):
        """Yields the result of each item (a dict of inputs) in their order; once in the pipeline's life. A thread of its own
        reads `items`. Whoever stops early cancels the rest."""
        self._open()
        if self._streamed:
            raise PipitError("invalid_argument", "the pipeline has had its stream; open it again for another one")
        self._streamed = True
        failure = []

        def push():
            try:
                for inputs in items:
                    self._with_inputs(inputs, lambda c, given, n: c.pipit_push(self._open(), given, n))
            except BaseException as e:  # told below, in the thread that can tell it
                if not (isinstance(e, PipitError) and e.code == "cancelled"):
                    failure.append(e)
            self._lib.c.pipit_end(self._open())

        producer = threading.Thread(target=push, daemon=True)
        producer.start()
        finished = False
        try:
            while True:
                result = ctypes.c_void_p()
                self._lib.check(self._lib.c.pipit_next(self._open(), ctypes.byref(result)))
                if not result:
                    break
                yield self._take(result)
            finished = True
        finally:
            if not finished:
                self._lib.c.pipit_cancel(self._open())  # wakes a push that waits
            producer.join()
        if failure:
            raise failure[0]

    def _open(self):
        if self._pipeline is None:
            raise PipitError("invalid_argument", "the pipeline is closed")
        return self._pipeline

    def _with_inputs(self, inputs, call):
        given = []
        try:
            for name, value in inputs.items():
                given.append(Input(name.encode(), self._lib.to_value(value)))
            self._lib.check(call(self._lib.c, (Input * len(given))(*given), len(given)))
        finally:
            for one in given:
                self._lib.host.release(one.value)

    def _take(self, result):
        try:
            item = self._lib.c.pipit_result_item(result)
            error = self._lib.c.pipit_result_error(result)
            if error:
                return Result(item, None, self._lib.error(error))
            get = self._lib.c.pipit_result_get
            return Result(item, {n: self._lib.to_python(get(result, n.encode())) for n in self.outputs}, None)
        finally:
            self._lib.c.pipit_result_free(result)


def main(arguments):
    if not arguments:
        print("usage: pipit_ctypes.py PIPELINE.yaml NAME=VALUE...", file=sys.stderr)
        return 2
    try:
        with Pipeline(arguments[0]) as pipeline:
            print(json.dumps(pipeline.run(**dict(pair.split("=", 1) for pair in arguments[1:]))))
    except PipitError as e:
        print(f"{e.code}: {e}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
