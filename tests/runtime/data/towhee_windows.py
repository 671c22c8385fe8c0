"""Writes towhee_windows.json: what Towhee's window and time_window make of lists of times.

Needs towhee==1.1.3. A case: the times in milliseconds, the window in rows or in seconds, the windows that came out.
"""

import json
import random

from towhee import pipe


def windows(times, size, step, by_time):
    p = pipe.input("times").flat_map("times", "time", lambda times: times)
    gather = lambda rows: list(rows)
    if by_time:
        p = p.time_window("time", "rows", "time", size, step, gather)
    else:
        p = p.window("time", "rows", size, step, gather)
    queue = p.output("rows")(times)
    found = []
    while queue.size:
        found.append(queue.get()[0])
    return found


def main():
    random.seed(5)
    lists = [[], [0], [700], list(range(6)), list(range(0, 6000, 500)), [10000, 10400, 13000], [0, 1000, 2000, 10000]]
    for _ in range(25):
        time, times = 0, []
        for _ in range(random.randrange(1, 20)):
            time += random.choice([0, 40, 333, 999, 1000, 1001, 2500, 7000])
            times.append(time)
        lists.append(times)
    cases = []
    for times in lists:
        for size, step in [(3, 2), (1, 1), (2, 3), (4, 1), (5, 5)]:
            for by_time in (False, True):
                cases.append({"times": times, "size": size, "step": step, "by_time": by_time,
                              "windows": windows(times, size, step, by_time)})
    with open("towhee_windows.json", "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


main()
