"""Makes the fixtures of tests/operators/clip from implementations that are not ours. Run it from the repository's root:

    python3 tests/operators/clip/data/generate.py [tokens|pictures|models …]

Needs the packages of tests/fidelity/requirements.txt.
"""

import argparse
import gzip
import json
import pathlib

HERE = pathlib.Path(__file__).parent


def tokens(lines, out):
    """tokens.jsonl.gz: lines, their ids by CLIP's tokenizer without start and end, and Hugging Face's where they are others. Lines that ftfy repairs
    have no ids of the first kind, those that Hugging Face normalizes by another version of Unicode none of the second."""
    import corpus
    import reference_tokens
    from towhee.models.clip.simple_tokenizer import default_bpe

    simple, hugging_face = reference_tokens.towhee(), reference_tokens.hugging_face(default_bpe())
    # No time stamp, so that the same lines make the same file.
    with open(out, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        for _, line in corpus.Corpus(default_bpe()).lines(lines):
            entry = {"text": line}
            if not reference_tokens.repairs_mojibake(simple, line):
                entry["ids"] = simple.encode(line)
            others = hugging_face([line])[0][1:-1]
            if reference_tokens.is_same_unicode(line) and others != entry.get("ids"):
                entry["huggingface"] = others
            packed.write((json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n").encode())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=[], help="tokens, pictures, models; nothing: all")
    parser.add_argument("--lines", type=int, default=10500, help="of the tokenizer's corpus")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    what = arguments.what or ["tokens", "pictures", "models"]
    if "tokens" in what:
        tokens(arguments.lines, arguments.out / "tokens.jsonl.gz")
    if "pictures" in what:
        import pictures

        pictures.generate(arguments.out)
    if "models" in what:
        import models

        models.generate(arguments.out)


main()
