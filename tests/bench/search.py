"""Search beside faiss: the same vectors, the same machine, call by call in turns. Prints the tables of docs/benchmarks.md.

    ./dev bench search

Vectors are made: clusters in a space of 64 dimensions, seen in 512, of length 1; queries lie apart from them, as sentences lie apart from
pictures. Ratios above 1: pipit is faster.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import faiss
import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/bench/bin/bench_search"
DIMENSION = 512
K = 10


class Vectors:
    """What sentences and pictures of one model look like, in numbers."""

    def __init__(self, seed):
        self.random = numpy.random.default_rng(seed)
        scale = (numpy.arange(64)[:, None] + 1.0) ** -0.4 / 8 * 0.12
        self.seen = (self.random.standard_normal((64, DIMENSION)) * scale).astype(numpy.float32)
        self.clusters = self.random.standard_normal((2000, 64)).astype(numpy.float32)

    def of(self, count, mean):
        parts = []
        for first in range(0, count, 50000):
            some = min(50000, count - first)
            inner = self.clusters[self.random.integers(0, 2000, some)]
            inner += 0.7 * self.random.standard_normal((some, 64), dtype=numpy.float32)
            rows = inner @ self.seen + mean + 0.02 * self.random.standard_normal((some, DIMENSION), dtype=numpy.float32)
            parts.append(rows / numpy.linalg.norm(rows, axis=1, keepdims=True))
        return numpy.concatenate(parts)

    def mean(self):
        return 0.06 * self.random.standard_normal(DIMENSION, dtype=numpy.float32)


class Pipit:
    def __init__(self, queries, index, threads):
        self.process = subprocess.Popen([PROGRAM, "serve", queries, index, str(threads)], text=True, bufsize=1,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, kind, first, count):
        self.process.stdin.write(f"{kind} {first} {count} {K}\n")
        words = self.process.stdout.readline().split()
        return float(words[0]), numpy.array([int(word) for word in words[1:]]).reshape(count, -1)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def by_faiss(index, queries):
    start = time.perf_counter()
    rows = index.search(queries, K)[1]
    return (time.perf_counter() - start) * 1000, rows


def recall(found, right):
    return statistics.mean(len(set(a) & set(b)) / len(b) for a, b in zip(found.tolist(), right.tolist()))


def by_turns(ours, theirs, rounds):
    """Medians of both, and of the ratios of neighbours with their quartiles."""
    times = [(ours(i)[0], theirs(i)[0]) for i in range(-1, rounds)][1:]
    ratios = statistics.quantiles([b / a for a, b in times], n=4)
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times), ratios


def told(what, ours, theirs, ratios):
    print(f"| {what} | {ours:.3f} | {theirs:.3f} | {ratios[1]:.2f} ({ratios[0]:.2f}–{ratios[2]:.2f}) |", flush=True)


def exact(pipit, flat, queries, rounds, name):
    right = by_faiss(flat, queries[:100])[1]
    found = pipit("exact", 0, 100)[1]
    print(f"rows that both name, {name}: {recall(found, right):.4f}")
    one = by_turns(lambda i: pipit("exact", i % 100, 1), lambda i: by_faiss(flat, queries[i % 100:i % 100 + 1]), rounds * 5)
    told(f"{name}, one query", *one)
    many = by_turns(lambda i: pipit("exact", 0, 1000), lambda i: by_faiss(flat, queries[:1000]), rounds)
    told(f"{name}, 1,000 queries together", *many)


def accelerated(vectors, queries, folder, index, threads, wanted):
    tuned = subprocess.run([PROGRAM, "tune", folder / "tuning.npy", index, str(threads), str(wanted)], text=True, check=True,
                           stdout=subprocess.PIPE).stdout.split()
    start = time.perf_counter()
    graph = faiss.IndexHNSWFlat(DIMENSION, 16, faiss.METRIC_INNER_PRODUCT)
    graph.hnsw.efConstruction = 200
    graph.add(vectors)
    seconds = time.perf_counter() - start
    faiss.write_index(graph, str(folder / "faiss"))
    flat = faiss.IndexFlatIP(DIMENSION)
    flat.add(vectors)
    right = by_faiss(flat, queries[:1000])[1]
    del flat
    for effort in [2 ** n for n in range(4, 13)]:
        graph.hnsw.efSearch = effort
        share = recall(by_faiss(graph, queries[:1000])[1], right)
        if share >= wanted:
            break
    pipit = Pipit(folder / "queries.npy", index, threads)
    ours = recall(pipit("fast", 0, 1000)[1], right)
    print(f"| | pipit | faiss HNSW |\n|---|---|---|\n| seconds to build | {float(tuned[0]):.1f} | {seconds:.1f} |")
    print(f"| MB beside the vectors | {int(tuned[1]) / 1e6:.0f} | {(os.path.getsize(folder / 'faiss') - vectors.nbytes) / 1e6:.0f} |")
    print(f"| recall@10 | {ours:.4f} | {share:.4f} (efSearch {effort}) |")
    one = by_turns(lambda i: pipit("fast", i % 1000, 1), lambda i: by_faiss(graph, queries[i % 1000:i % 1000 + 1]), 500)
    told("one query, ms", *one)
    many = by_turns(lambda i: pipit("fast", 0, 1000), lambda i: by_faiss(graph, queries[:1000]), 5)
    told("1,000 queries together, ms", *many)
    slow = by_turns(lambda i: pipit("fast", i % 100, 1), lambda i: pipit("exact", i % 100, 1), 50)
    told("one query, to the exact scan, ms", *slow)
    pipit.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--recall", type=float, default=0.98)
    asked = parser.parse_args()
    threads = len(os.sched_getaffinity(0))
    faiss.omp_set_num_threads(threads)
    print(f"{asked.rows} rows of {DIMENSION}, {threads} threads, faiss {faiss.__version__}, NumPy {numpy.__version__}")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pipit-bench-", dir=os.environ.get("TMPDIR", "/tmp")))
    try:
        made = Vectors(seed=7)
        pictures, sentences = made.mean(), made.mean()
        vectors = made.of(asked.rows, pictures)
        queries = made.of(1000, sentences)
        numpy.save(folder / "vectors.npy", vectors)
        numpy.save(folder / "queries.npy", queries)
        numpy.save(folder / "tuning.npy", made.of(200, sentences))
        print("| work | pipit, ms | faiss, ms | faiss to pipit, median and quartiles |\n|---|---|---|---|")
        for dtype in ("float32", "float16"):
            index = folder / f"{dtype}.index"
            subprocess.run([PROGRAM, "make", folder / "vectors.npy", index, dtype], check=True)
            flat = faiss.IndexFlatIP(DIMENSION)
            flat.add(vectors)
            pipit = Pipit(folder / "queries.npy", index, threads)
            exact(pipit, flat, queries, asked.rounds, f"{dtype} rows to IndexFlatIP")
            pipit.close()
        accelerated(vectors, queries, folder, folder / "float32.index", threads, asked.recall)
    finally:
        shutil.rmtree(folder)


main()
