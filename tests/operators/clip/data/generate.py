"""Makes the fixtures of tests/operators/clip from implementations that are not ours. Run it from the repository's root:

    python3 tests/operators/clip/data/generate.py [tokens|pictures|models …]

Needs: torch==2.11.0 torchvision towhee==1.1.3 towhee.models==1.1.3 transformers ftfy==6.3.1 regex pillow safetensors numpy.
"""

import argparse
import json
import pathlib

HERE = pathlib.Path(__file__).parent


def reference_tokenizer():
    from towhee.models.clip import simple_tokenizer

    return simple_tokenizer.SimpleTokenizer(), simple_tokenizer.default_bpe()


def tokens_of(tokenizer, line):
    tokenizer.cache = {k: v for k, v in tokenizer.cache.items() if k.startswith("<|")}
    return tokenizer.encode(line)


def repaired(tokenizer, line):
    """Whether ftfy's repair of mojibake, which pipit leaves out, changes the tokens of this line."""
    import ftfy

    whole = ftfy.fix_text
    try:
        tokens = tokens_of(tokenizer, line)
        ftfy.fix_text = lambda text: whole(text, fix_encoding=False)
        return tokens != tokens_of(tokenizer, line)
    finally:
        ftfy.fix_text = whole


def tokens(lines, out):
    """tokens.jsonl: lines and their ids, without start and end; lines that ftfy repairs are counted and left out."""
    import corpus

    tokenizer, vocabulary = reference_tokenizer()
    left_out = {}
    count = 0
    with open(out, "w", encoding="utf-8") as file:
        for kind, line in corpus.Corpus(vocabulary).lines(lines):
            count += 1
            if repaired(tokenizer, line):
                left_out[kind] = left_out.get(kind, 0) + 1
            else:
                file.write(json.dumps({"text": line, "ids": tokens_of(tokenizer, line)}, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{out}: {count} lines, of which ftfy repairs {sum(left_out.values())}: {left_out}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("what", nargs="*", default=[], help="tokens, pictures, models; nothing: all")
    parser.add_argument("--lines", type=int, default=1500, help="of the tokenizer's corpus")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    arguments = parser.parse_args()
    what = arguments.what or ["tokens", "pictures", "models"]
    if "tokens" in what:
        tokens(arguments.lines, arguments.out / "tokens.jsonl")
    if "pictures" in what:
        import pictures

        pictures.generate(arguments.out)
    if "models" in what:
        import models

        models.generate(arguments.out)


main()
