"""How often a sentence finds its moment: the clips of several scenes as an index of moments, and each scene's sentence asked of it.

    python3 moments.py [PIPIT]

Three counts of its first answers: of the right clip; at least half of the moment lies in the scene; the moment begins within a second of
the scene. Standard library alone.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
PIPIT = str(pathlib.Path(sys.argv[1]).resolve()) if len(sys.argv) > 1 else "pipit"


def pipit(*words):
    return subprocess.run([PIPIT, *map(str, words)], check=True, cwd=HERE, stdout=subprocess.PIPE, text=True).stdout


def main():
    weights = HERE / "clip4clip-shapes.safetensors"
    scenes = [json.loads(line) for line in (HERE / "scenes.jsonl").read_text().splitlines()]
    with tempfile.TemporaryDirectory() as folder:
        index, queries = pathlib.Path(folder) / "scenes.index", pathlib.Path(folder) / "queries.jsonl"
        pipit("run", "../moments.yaml", "--inputs", "scenes", "--output", index, "--set", f"vars.weights={weights}", "--progress", "off")
        queries.write_text("".join(json.dumps({"text": scene["text"], "number": number}) + "\n" for number, scene in enumerate(scenes)))
        answers = {}
        for line in pipit("search", index, "--queries", queries, "-k", 1, "--json").splitlines():
            answer = json.loads(line)
            answers[answer["number"]] = answer
    clip = begins = overlaps = 0
    for number, scene in enumerate(scenes):
        answer = answers[number]
        if pathlib.Path(answer["path"]).name != pathlib.Path(scene["path"]).name:
            continue
        clip += 1
        common = min(answer["end_ms"], scene["end_ms"]) - max(answer["start_ms"], scene["start_ms"])
        begins += abs(answer["start_ms"] - scene["start_ms"]) <= 1000
        overlaps += 2 * common >= answer["end_ms"] - answer["start_ms"]
    print(f"of {len(scenes)} sentences: the right clip {100 * clip / len(scenes):.0f} %, a moment that lies in the scene "
          f"{100 * overlaps / len(scenes):.0f} %, one that begins within a second of it {100 * begins / len(scenes):.0f} %")


main()
